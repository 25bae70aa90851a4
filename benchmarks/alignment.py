"""Alignment of one real frame: a raw overscan scan and a DVD frame with other framing and credits.

The stages ingest, curate and align find the live areas, match and align without any setting. The
figures are the distance to another registration of the same frame, made with feature matching and a
global transform, and the share of either side's credits that is masked:

    python benchmarks/alignment.py --data FOLDER [--out FOLDER]

`--data` holds the scan with perforations and sound track, the DVD frame, and the other registration
as a pair of pictures. `--out` is the work directory; its sheets are for a check by eye.
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
"""Part of the scan after balancing, on the raster of `REGISTERED`."""
REGISTERED = "candy-reference.png"
"""The DVD frame as the other registration aligned it with `BALANCED`."""

SCAN_CREDITS = (
    Area(x=305, y=228, width=230, height=142),
    Area(x=183, y=386, width=294, height=36),
)
"""Boxes around the scan's white credits, which the DVD does not have; set by eye."""
DVD_CREDITS = (Area(x=230, y=246, width=212, height=46),)
"""Box around the DVD's white credits, which the scan does not have; set by eye."""
SCAN_LETTER_LUMA, DVD_LETTER_LUMA = 0.85, 0.75
"""Luma above which a pixel in these boxes belongs to a letter and not to the sky."""
_MAX_DISTANCE_PX = 2.0
"""Allowed distance of the two registrations, in pixels of the scan."""
_GRID_STEP_PX = 4
"""Spacing of the points at which the distance is measured, in pixels of the scan."""
_MASKED_WEIGHT = 0.5
"""Weight below which a pixel counts as masked."""

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
class AlignedFrame:
    """The live areas and the alignment that the stages found, and its weight on the live area."""

    clips: Clips
    alignment: Alignment
    weight: np.ndarray

    def on_dvd(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) of the DVD's whole raster for points (n, 2) of the scan's."""
        source_area, reference_area = self.clips.source.live_area, self._reference_area()
        inner = points - (source_area.x, source_area.y)
        if self.alignment.warp is not None:
            warp = self.alignment.warp
            nodes = torch.tensor([warp.x, warp.y], dtype=torch.float64)
            offset = displacement(
                nodes, torch.from_numpy(inner)[None], source_area.height, source_area.width
            )
            inner = inner + offset[:, 0].T.numpy()
        backwards = np.linalg.inv(np.array(self.alignment.matrix))
        points = cv2.perspectiveTransform(inner[None], backwards)[0]
        return np.asarray(points + np.array([reference_area.x, reference_area.y]))

    def weight_on_scan(self, points: np.ndarray) -> np.ndarray:
        """Weight (n,) at points (n, 2) of the scan's raster, 0 outside the live area."""
        area = self.clips.source.live_area
        x, y = (points - (area.x, area.y)).astype(np.float32).T
        weight = cv2.remap(self.weight, x[None], y[None], cv2.INTER_LINEAR, borderValue=0.0)
        return np.asarray(weight[0])

    def _reference_area(self) -> Area:
        (reference,) = self.clips.references.values()
        return reference.live_area


def align(data: Path, out: Path) -> AlignedFrame:
    """Runs ingest, curate and align on the two pictures."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {"scan": (data / SCAN).absolute(), "dvd": (data / DVD).absolute()}
    write_text(out / "film.toml", _PROJECT.format(**paths, space=WORKING_SPACE))
    job = Job(load_project(out / "film.toml"), out, ProgressLines())
    pipeline.run(job, last="align")
    (alignment,) = job.load(Alignments).admitted
    weight = media.read_plane(out / weight_file(alignment.pair.source))[0].numpy()
    return AlignedFrame(job.clips(), alignment, weight)


def other_registration(data: Path) -> np.ndarray:
    """Homography (3, 3) from the whole DVD frame to the whole scan by the other registration.

    Its two pictures are parts of the same frames; feature matching finds their positions there.
    """
    to_balanced = _between(data / DVD, data / REGISTERED)
    to_scan = _between(data / BALANCED, data / SCAN)
    return to_scan @ to_balanced


def distances(aligned: AlignedFrame, other: np.ndarray, area: Area) -> np.ndarray:
    """Distances (n,) between the two registrations over an area of the scan, in its pixels."""
    rows = slice(area.y, area.y + area.height, _GRID_STEP_PX)
    columns = slice(area.x, area.x + area.width, _GRID_STEP_PX)
    y, x = np.mgrid[rows, columns]
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
    returned = cv2.perspectiveTransform(aligned.on_dvd(points)[None], other)[0]
    return np.asarray(np.linalg.norm(returned - points, axis=1))


def letter_pixels(path: Path, boxes: tuple[Area, ...], min_luma: float) -> np.ndarray:
    """Positions x and y (n, 2) of the pixels of letters in some boxes of a picture."""
    bright = luma(media.read_picture(str(path), WORKING_SPACE))[0].numpy() > min_luma
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
    options = parser.parse_args()
    aligned = align(options.data, options.out)
    other = other_registration(options.data)
    live, covered = aligned.clips.source.live_area, aligned.alignment.coverage
    common_area = Area(
        x=live.x + covered.x, y=live.y + covered.y, width=covered.width, height=covered.height
    )
    distance = distances(aligned, other, common_area)
    scan_letters = letter_pixels(options.data / SCAN, SCAN_CREDITS, SCAN_LETTER_LUMA)
    dvd_letters = letter_pixels(options.data / DVD, DVD_CREDITS, DVD_LETTER_LUMA)
    dvd_letters = cv2.perspectiveTransform(dvd_letters.astype(np.float64)[None], other)[0]
    print(f"live area of the scan {live}, area that both show {common_area}")
    _print_alignment(aligned, distance)
    for name, points in (("scan", scan_letters), ("DVD", dvd_letters)):
        masked = float((aligned.weight_on_scan(points) < _MASKED_WEIGHT).mean())
        print(f"credits of the {name} masked: {masked:.1%} of {len(points)} pixels")
    unmasked = float((aligned.weight > _MASKED_WEIGHT).mean())
    print(f"not masked: {unmasked:.0%} of the scan's live area")
    print(f"look at {options.out / '03-align'}")


def _print_alignment(aligned: AlignedFrame, distance: np.ndarray) -> None:
    found = aligned.alignment
    warp = ", smooth warp" if found.warp is not None else ""
    print(
        f"{found.kind}{warp}, {found.inliers} matches, residual {found.residual:.2f} px, "
        f"on edges {found.residual_edges} px"
    )
    print(
        f"distance to the other registration: median {np.median(distance):.2f} px, 95 % "
        f"{np.percentile(distance, 95):.2f} px, maximum {distance.max():.2f} px "
        f"({_MAX_DISTANCE_PX:g} allowed)"
    )


def _between(one: Path, other: Path) -> np.ndarray:
    """Transform (3, 3) between two picture files of the same frame, by feature matching."""
    shapes = [
        equalised_luma(luma(media.read_picture(str(path), WORKING_SPACE))[0].numpy())
        for path in (one, other)
    ]
    registration = register(match(find_features(shapes[1]), find_features(shapes[0])))
    if registration is None:
        raise SystemExit(f"{one} and {other}: too few features match; check the pictures")
    return registration.matrix


if __name__ == "__main__":
    main()
