"""A raw overscan scan against a DVD frame of other framing, warp and credits, unaided.

`python benchmarks/alignment.py --data FOLDER --out FOLDER`, the first with the pictures of one real
frame: the scan with its perforations and sound track, the DVD's frame, and one registration of the
two that was made with feature matching and a global transform. The product's own stages find the
live areas, match and align; the figures say how far the two registrations are apart and how much
of either side's credits is masked. Look at the pictures in the work directory.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from unfade import media
from unfade.align.transform.register import equalised_luma, find_features, match, register
from unfade.color.ycbcr import luma
from unfade.commands.console import ProgressLines
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.warp import displacement
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.writing import write_text

SCAN = "candy-faded-scan-panel.png"
DVD = "candy-reference-panel.png"
BALANCED = "candy-input.png"
"""A part of the scan after balancing, on the raster of `REGISTERED`."""
REGISTERED = "candy-reference.png"

SCAN_CREDITS = (
    Area(x=305, y=228, width=230, height=142),
    Area(x=183, y=386, width=294, height=36),
)
"""Where the scan has credits, white and not on the DVD; seen by eye."""
DVD_CREDITS = (Area(x=230, y=246, width=212, height=46),)
"""The same of the DVD."""
SCAN_WHITE, DVD_WHITE = 0.85, 0.75
"""Luma from which a pixel there is a letter's, and not the sky's."""
_LIMIT = 2.0
"""Pixels of the slide by which the registrations may differ."""

_PROJECT = """\
[film]
title = "One frame"

[source]
path = "{scan}"
colorspace = "{space}"

[reference]
path = "{dvd}"
colorspace = "{space}"
"""


@dataclass(frozen=True)
class Laid:
    """What the product found: where its clips' pictures are, and how the one lies on the other."""

    clips: Clips
    alignment: Alignment
    weight: np.ndarray

    def on_dvd(self, points: np.ndarray) -> np.ndarray:
        """Where on the DVD's whole raster lies what points of the scan's show: (n, 2)."""
        ours, theirs = self.clips.source.live_area, self._theirs()
        inner = points - (ours.x, ours.y)
        if self.alignment.warp is not None:
            warp = self.alignment.warp
            nodes = torch.tensor([warp.x, warp.y], dtype=torch.float64)
            place = torch.from_numpy(inner)[None]
            inner = inner + displacement(nodes, place, ours.height, ours.width)[:, 0].T.numpy()
        backwards = np.linalg.inv(np.array(self.alignment.matrix))
        return cv2.perspectiveTransform(inner[None], backwards)[0] + (theirs.x, theirs.y)

    def weight_on_scan(self, points: np.ndarray) -> np.ndarray:
        """The weight at points (n, 2) of the scan's raster, 0 outside the live area."""
        area = self.clips.source.live_area
        x, y = (points - (area.x, area.y)).astype(np.float32).T
        flat = cv2.remap(self.weight, x[None], y[None], cv2.INTER_LINEAR, borderValue=0.0)
        return np.asarray(flat[0])

    def _theirs(self) -> Area:
        (reference,) = self.clips.references.values()
        return reference.live_area


def lay(data: Path, out: Path) -> Laid:
    """Runs ingest, curate and align on the two pictures."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {"scan": (data / SCAN).absolute(), "dvd": (data / DVD).absolute()}
    write_text(out / "film.toml", _PROJECT.format(**paths, space=WORKING_SPACE))
    job = Job(load_project(out / "film.toml"), out, ProgressLines())
    pipeline.run(job, last="align")
    (alignment,) = job.load(Alignments).admitted
    weight = media.read_plane(out / weight_file(alignment.pair.source))[0].numpy()
    return Laid(job.clips(), alignment, weight)


def given_registration(data: Path) -> np.ndarray:
    """From the whole DVD frame to the whole scan, as the given registration has it.

    The given pictures are parts of the same two frames, so features tell where they lie in them.
    """
    to_balanced = _between(data / DVD, data / REGISTERED)
    to_scan = _between(data / BALANCED, data / SCAN)
    return to_scan @ to_balanced


def apart(laid: Laid, given: np.ndarray, area: Area) -> np.ndarray:
    """Pixels of the scan between where two registrations lay what is seen in an area of it."""
    y, x = np.mgrid[area.y : area.y + area.height : 4, area.x : area.x + area.width : 4]
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
    again = cv2.perspectiveTransform(laid.on_dvd(points)[None], given)[0]
    return np.asarray(np.linalg.norm(again - points, axis=1))


def letters(path: Path, boxes: tuple[Area, ...], white: float) -> np.ndarray:
    """Pixels of letters in some boxes of a picture: (n, 2), x and y."""
    bright = luma(media.read_picture(str(path), WORKING_SPACE))[0].numpy() > white
    boxed = np.zeros_like(bright)
    for box in boxes:
        boxed[box.y : box.y + box.height, box.x : box.x + box.width] = True
    rows, columns = np.nonzero(bright & boxed)
    return np.stack([columns, rows], axis=1)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("alignment-of-one-frame"))
    arguments = parser.parse_args()
    laid = lay(arguments.data, arguments.out)
    given = given_registration(arguments.data)
    live, covered = laid.clips.source.live_area, laid.alignment.coverage
    picture = Area(
        x=live.x + covered.x, y=live.y + covered.y, width=covered.width, height=covered.height
    )
    off = apart(laid, given, picture)
    ours = letters(arguments.data / SCAN, SCAN_CREDITS, SCAN_WHITE)
    theirs = letters(arguments.data / DVD, DVD_CREDITS, DVD_WHITE).astype(np.float64)
    theirs = cv2.perspectiveTransform(theirs[None], given)[0]
    print(f"live area of the scan {live}, picture that both show {picture}")
    warp = ", smooth warp" if laid.alignment.warp is not None else ""
    print(
        f"{laid.alignment.kind}{warp}, {laid.alignment.inliers} matches, residual "
        f"{laid.alignment.residual:.2f} px, on edges {laid.alignment.residual_edges} px"
    )
    print(
        f"apart from the given registration: median {np.median(off):.2f} px, 95 % "
        f"{np.percentile(off, 95):.2f} px, at most {off.max():.2f} px ({_LIMIT:g} are allowed)"
    )
    for name, points in (("scan", ours), ("DVD", theirs)):
        masked = float((laid.weight_on_scan(points) < 0.5).mean())
        print(f"credits of the {name} masked: {masked:.1%} of {len(points)} pixels")
    print(f"trusted: {float((laid.weight > 0.5).mean()):.0%} of the scan's live area")
    print(f"look at {arguments.out / '03-align'}")


def _between(one: Path, other: Path) -> np.ndarray:
    """The transform from one picture file to another of the same frame."""
    shapes = [
        equalised_luma(luma(media.read_picture(str(path), WORKING_SPACE))[0].numpy())
        for path in (one, other)
    ]
    found = register(match(find_features(shapes[1]), find_features(shapes[0])))
    if found is None:
        raise SystemExit(f"{one} and {other} have too little in common")
    return found.matrix


if __name__ == "__main__":
    main()
