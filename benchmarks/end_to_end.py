"""Claim: colour from a hard reference is nearly as good as colour from perfectly aligned pairs.

Recovers a simulated film from its hard DVD, unattended. Recovers it again from uncompressed,
pixel-aligned pictures of the frames that the first run admitted as pairs. Scores every frame of
both at source luma, within the live area:

    python benchmarks/end_to_end.py --data FOLDER --films FOLDER [--film develop|apart|small]

The DVD has its own grading, which the recovery follows. Frames are therefore scored against the
truth in that grading, and also against the truth itself.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from hard_films import FILMS, VARIANTS, made_film
from torch import Tensor

from unfade import media
from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.pair import Pair
from unfade.film.rendering import Rendering
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.project.settings import ClipSection
from unfade.simulate.dvd import grade

VARIANT = "hard"
TRUTH = "truth/truth.%06d.dpx"


def main() -> None:
    """Prints the mean error of both recoveries, and their ratio."""
    options = _options()
    folder, _ = made_film(options.film, VARIANT, options.data, options.films)
    unattended, aligned = (options.films / f"{name}-{options.film}" for name in ("own", "perfect"))
    _recover(unattended, folder, f'[reference]\npath = "{folder}/dvd/dvd.mpg"\n')
    pairs = [one.pair for one in _load(unattended, Alignments).admitted]
    _recover(aligned, folder, _pictures(aligned, folder, pairs))
    errors = [_errors(work, folder) for work in (unattended, aligned)]
    print(f"{platform.machine()}, {os.cpu_count()} cores; {options.film}, {len(pairs)} pairs\n")
    print("| mean CIEDE2000 against | hard DVD | perfectly aligned | ratio |")
    print("| --- " * 4 + "|")
    for name, hard, ideal in zip(("the graded truth", "the truth"), *errors, strict=True):
        print(f"| {name} | {hard:.2f} | {ideal:.2f} | {hard / ideal:.2f} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--film", choices=FILMS, default="small")
    return parser.parse_args()


def _recover(work: Path, film: Path, colour: str) -> None:
    """Runs the pipeline up to render. `colour` are the tables of film.toml for the reference or the
    pairs."""
    (work / "film.toml").unlink(missing_ok=True)
    for stage in work.glob("0*-*"):
        shutil.rmtree(stage)
    work.mkdir(parents=True, exist_ok=True)
    text = (
        f'[film]\ntitle = "End to end"\n\n[source]\npath = "{film}/scan/scan.%06d.dpx"\n'
        f'colorspace = "{WORKING_SPACE}"\nrate = 24\n\n{colour}'
    )
    (work / "film.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "unfade", "run", str(work / "film.toml"), "--to", "render"]
    subprocess.run([*command, "--quiet"], check=True)


def _pictures(work: Path, film: Path, pairs: list[Pair]) -> str:
    """Writes the graded truth of the pairs' source frames. Returns the [[pair]] tables for them."""
    work.mkdir(parents=True, exist_ok=True)
    truth = _truth(film)
    entries = []
    for pair in pairs:
        path = work / f"{pair.source}.png"
        graded = grade(media.read_frame(truth, pair.source), VARIANTS[VARIANT])
        media.write_png(path, graded, bits=16)
        entries.append(
            f'[[pair]]\nsource = {pair.source}\nreference = "{path.name}"\n'
            f'role = "{pair.role}"\naligned = true\n'
        )
    return "\n".join(entries)


def _truth(film: Path) -> Clip:
    section = ClipSection(path="unused", colorspace=WORKING_SPACE)
    return media.probe(str((film / TRUTH).absolute()), section)


def _errors(work: Path, film: Path) -> list[float]:
    """Mean error over all frames, against the graded truth and against the truth."""
    return torch.tensor(list(_frame_errors(work, film))).mean(dim=0).tolist()


def _frame_errors(work: Path, film: Path) -> Iterator[list[float]]:
    source, rendering = _load(work, Clips).source, _load(work, Rendering)
    numbers = [frame.frame for frame in rendering.frames]
    for rendered, (_, unfaded_rgb) in zip(
        rendering.frames, media.read(_truth(film), numbers), strict=True
    ):
        path = work / "06-render" / rendered.file
        recovered_rgb = crop(media.read_picture(path, rendering.colorspace), source.live_area)
        truths = (grade(unfaded_rgb, VARIANTS[VARIANT]), unfaded_rgb)
        yield [_error(recovered_rgb, crop(truth, source.live_area)) for truth in truths]


def _error(recovered_rgb: Tensor, truth_rgb: Tensor) -> float:
    """Mean CIEDE2000 at the luma of the recovered frame, which is the scan's luma."""
    cbcr = rgb_to_ycbcr(truth_rgb)[1:]
    target_rgb = ycbcr_to_rgb(torch.cat([luma(recovered_rgb), cbcr]))
    return float(rgb_difference(recovered_rgb, target_rgb).mean())


def _load(work: Path, kind):  # type: ignore[no-untyped-def]
    return kind.from_json((work / kind.PATH).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
