"""Claim: planted faults are found, named rightly, and good films are left alone.

Recovers a film without faults, one with faults of scene and pairs, and one with faults of the
masters; validates each; and compares the outliers of the report with what was planted:

    python benchmarks/outliers.py --data FOLDER --films FOLDER [--film develop|apart]

A frame counts as faulty if a fault was planted there and is visible, which is that the worst
twentieth of the frame is 1 CIEDE2000 farther from the truth than in the film without faults. A
flickering reference and moved chroma always count. Frames with a planted fault that is not visible
count neither way, nor do those of a shot that got no pair and whose median error is 1 CIEDE2000
above that of the film.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faulty_films import FAULTS, FILMS, Film, load, recovered_film, truth_of
from measures import circumstances

from unfade import media
from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import fit_width
from unfade.film.alignment import Alignments
from unfade.film.clip import Clips
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.geometry.crop import crop
from unfade.project.file import load_project
from unfade.validate import stage
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

EXPECTED_KINDS = {
    "costume": {"unseen colour", "wrong colour"},
    "flash": {"flicker", "hue drift", "wrong colour"},
    "misaligned": {"bleed", "wrong colour"},
    "flickering": {"flicker"},
    "subtitle": {"overlay"},
    "moved": {"bleed"},
    "banding": {"banding"},
}
"""Kinds of outlier that name a planted fault rightly."""

ALWAYS_FAULTY = ("flickering", "moved")
"""Faults that count wherever they are planted."""

VISIBLE_CIEDE2000 = 1.0
"""Least visible difference of colour."""

WORST_SHARE = 0.05
"""Share of the pixels whose mean error is that of a frame."""

SCORED_WIDTH_PX = 128
"""Width at which frames are compared with the truth, so that grain does not count."""


@dataclass(frozen=True)
class Verdict:
    """A frame: the planted fault, whether it is visible, its true error, and the kind of outlier
    that the report names; None for none."""

    fault: str | None
    is_faulty: bool
    error: float
    kind: str | None


def main() -> None:
    """Prints a table of shots, then recall, precision and false alarms."""
    options = _options()
    print(f"{circumstances()}; {options.film}\n")
    print("| film | shot | fault | frames | faulty | found as | true error |")
    print("| --- " * 7 + "|")
    verdicts = []
    good_errors: dict[int, float] = {}
    for variant in FAULTS:
        film = recovered_film(options.film, variant, options.data, options.films)
        judged = _verdicts(film, good_errors)
        good_errors = good_errors or {frame: one.error for frame, one in judged.items()}
        _print_shots(variant, film, judged)
        verdicts.append([*judged.values()])
    _print_summary(verdicts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--film", choices=FILMS, default="develop")
    return parser.parse_args()


def _verdicts(film: Film, good_errors: dict[int, float]) -> dict[int, Verdict]:
    """The verdict on every frame of a film; without `good_errors` it is the good one."""
    job = Job(load_project(film.work / "film.toml"), film.work, SilentProgress())
    stage.run(job)
    kinds = {
        frame: run.kind
        for run in load(film.work, Report).outliers
        for frame in range(run.first, run.last + 1)
    }
    errors = _errors(film)
    unpaired = _unpaired_frames(film, errors)
    verdicts = {}
    for frame, error in errors.items():
        fault = film.faults.get(frame)
        if fault is None and frame in unpaired:
            fault = "no pair"
        is_faulty = fault in ALWAYS_FAULTY or (
            fault in EXPECTED_KINDS and error - good_errors[frame] >= VISIBLE_CIEDE2000
        )
        verdicts[frame] = Verdict(fault, is_faulty, error, kinds.get(frame))
    return verdicts


def _unpaired_frames(film: Film, errors: dict[int, float]) -> set[int]:
    """Frames of shots without an admitted pair whose error is visibly above that of the film."""
    paired = {one.pair.shot for one in load(film.work, Alignments).admitted}
    usual = float(np.median([*errors.values()]))
    by_shot: dict[int, list[int]] = {}
    for frame in load(film.work, Rendering).frames:
        by_shot.setdefault(frame.shot, []).append(frame.frame)
    return {
        frame
        for shot, frames in by_shot.items()
        if shot not in paired
        and np.median([errors[one] for one in frames]) - usual >= VISIBLE_CIEDE2000
        for frame in frames
    }


def _errors(film: Film) -> dict[int, float]:
    """CIEDE2000 to the truth in the worst part of every frame, at the scan's luma."""
    area = load(film.work, Clips).source.live_area
    rendering, truth = load(film.work, Rendering), truth_of(film.elements)
    numbers = [frame.frame for frame in rendering.frames]
    errors = {}
    for rendered, (_, truth_rgb) in zip(rendering.frames, media.read(truth, numbers), strict=True):
        path = film.work / "06-render" / rendered.file
        master_rgb = media.read_picture(str(path), rendering.colorspace)
        recovered_rgb, fresh_rgb = (
            fit_width(crop(rgb, area), SCORED_WIDTH_PX) for rgb in (master_rgb, truth_rgb)
        )
        cbcr = rgb_to_ycbcr(fresh_rgb)[1:]
        target_rgb = ycbcr_to_rgb(torch.cat([luma(recovered_rgb), cbcr]))
        error = rgb_difference(recovered_rgb, target_rgb).flatten()
        worst = error.topk(max(1, round(WORST_SHARE * error.numel()))).values
        errors[rendered.frame] = float(worst.mean())
    return errors


def _print_shots(variant: str, film: Film, verdicts: dict[int, Verdict]) -> None:
    shots = {frame.frame: frame.shot for frame in load(film.work, Rendering).frames}
    groups: dict[tuple[int, str], list[Verdict]] = {}
    for frame, verdict in verdicts.items():
        groups.setdefault((shots[frame], verdict.fault or "none"), []).append(verdict)
    for (shot, fault), members in groups.items():
        kinds = Counter(one.kind or "not" for one in members)
        found = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        faulty = sum(one.is_faulty for one in members)
        error = float(np.median([one.error for one in members]))
        print(
            f"| {variant} | {shot} | {fault} | {len(members)} | {faulty} | {found} | {error:.1f} |"
        )


def _print_summary(films: list[list[Verdict]]) -> None:
    every = [one for film in films for one in film]
    faulty = [one for one in every if one.is_faulty]
    found = [one for one in faulty if one.kind]
    named = [one for one in found if one.kind in EXPECTED_KINDS[one.fault or ""]]
    false = [one for one in every if one.kind and one.fault is None]
    good = [one for one in films[0] if one.fault is None]
    alarms = [one for one in good if one.kind]
    print(
        f"\nfaulty frames found: {len(found)} of {len(faulty)}, recall {_share(found, faulty):.2f}"
    )
    print(f"found frames that are faulty: precision {_share(found, [*found, *false]):.2f}")
    print(f"kind named rightly: {_share(named, found):.2f}")
    print(f"good film: {len(alarms)} of {len(good)} frames flagged")


def _share(part: list[Verdict], whole: list[Verdict]) -> float:
    return len(part) / len(whole) if whole else 1.0


if __name__ == "__main__":
    main()
