"""The report page: one HTML file that holds all it shows and asks nothing of any network."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import cv2
import jinja2
from torch import Tensor

from unfade.drawing.chart import loss_chart
from unfade.drawing.error_chart import error_chart
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.figures import HeldOutFigures, Outlier, ShotFigures
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Measure, Report
from unfade.film.target import Targets
from unfade.project.settings import DeliverSection, Project
from unfade.report.figures import MEASURE_TITLES, figure, file_name, reference_of, rejections

JPEG_QUALITY = 90
"""Of the pictures in the page, 0 to 100: artefacts stay below what one sees at its size."""


CREDITS_PLACE = "<!-- of [deliver]: institution and restorationist -->"
NOTE_PLACE = "<!-- of [deliver]: note -->"
"""Where `with_credits` puts what the bag's page says of people: to name them measures nothing."""


@dataclass(frozen=True)
class Comparison:
    """One frame, before and after: working space (3, H, W), and its scopes."""

    frame: int
    shot: int
    before: Tensor
    after: Tensor
    scopes_before: Tensor
    scopes_after: Tensor


@dataclass(frozen=True)
class PageContent:
    """All that the page tells. `held_out_sheet` is none where there is no hold-out pair."""

    project: Project
    clips: Clips
    pair_list: PairList
    alignments: Alignments
    targets: Targets
    model: TrainedModel
    rendering: Rendering
    curve: LossCurve
    report: Report
    held_out: Sequence[HeldOutFigures]
    shots: Sequence[ShotFigures]
    outliers: Sequence[Outlier]
    comparisons: Sequence[Comparison]
    held_out_sheet: Tensor | None
    date: str
    versions: Mapping[str, str]


def report_page(content: PageContent) -> str:
    """The page as HTML text."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "figure": figure,
        "jpeg": _jpeg_uri,
        "title": _measure_title,
        "file_name": file_name,
    }
    template = environment.from_string(
        resources.files("unfade.report").joinpath("report.html").read_text(encoding="utf-8")
    )
    pairs = content.pair_list.pairs
    return template.render(
        page=content,
        elements=_elements(content.clips),
        settings=_settings(content.project),
        digests={target.pair.source: target.sha256 for target in content.targets.targets},
        constructed=[pair for pair in pairs if pair.kind == "constructed"],
        trusted=[pair for pair in pairs if pair.aligned],
        rejected=rejections(content.pair_list, content.alignments),
        pair_counts=_pair_counts(content),
        chart=loss_chart(content.curve.points, content.curve.baseline)
        if content.curve.points
        else "",
        error_chart=error_chart(content.rendering.frames)
        if all(frame.predicted_error for frame in content.rendering.frames)
        else "",
        reference_of=reference_of,
        part=content.rendering.part_of(content.clips.source.frames),
        credits_place=CREDITS_PLACE,
        note_place=NOTE_PLACE,
    )


def with_credits(page: str, deliver: DeliverSection) -> str:
    """A page that `report_page` made, with the people and the note of [deliver]."""
    people = (("Institution", deliver.institution), ("Restorationist", deliver.restorationist))
    credits = [f"<li><span>{what}</span> {html.escape(who)}</li>" for what, who in people if who]
    note = f"<li>{html.escape(deliver.note)}</li>" if deliver.note else ""
    return page.replace(CREDITS_PLACE, "".join(credits)).replace(NOTE_PLACE, note)


def _measure_title(measure: Measure) -> str:
    return MEASURE_TITLES.get(measure.name, measure.name.replace("_", " "))


def _jpeg_uri(picture: Tensor) -> str:
    """A picture as a data: URI."""
    display = (picture.clamp(0.0, 1.0) * 255).round().byte()
    pixels = display.flip(0).permute(1, 2, 0).contiguous().numpy()
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _elements(clips: Clips) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is known of each clip, as (name, value) rows."""
    elements = [("Faded scan", _clip_rows(clips.source))]
    elements += [(f"Reference {name}", _clip_rows(clip)) for name, clip in clips.references.items()]
    return elements


def _clip_rows(clip: Clip) -> list[tuple[str, str]]:
    area = clip.live_area
    rows = [
        ("file", file_name(clip.path)),
        ("frames", f"{clip.frames.first} to {clip.frames.last} ({len(clip.frames)})"),
        ("rate", f"{clip.rate} frames a second"),
        ("raster", f"{clip.width} x {clip.height}, pixel aspect {clip.pixel_aspect}"),
        ("live area", f"{area.width} x {area.height} at {area.x}, {area.y}"),
        ("colour space", clip.colorspace),
        ("fields", clip.fields_in_words()),
    ]
    if clip.video is not None:
        rows.append(("video", f"{clip.video.matrix}, {clip.video.range} range"))
    if clip.codec:
        rows.append(("codec", clip.codec))
    return rows


def _settings(project: Project) -> list[tuple[str, str]]:
    """The settings of the stages, as ("section.key", value) rows."""
    sections = ("ingest", "curate", "align", "target", "train", "render", "validate")
    dumped = project.model_dump(mode="json", by_alias=True)
    return [
        (f"{section}.{key}", file_name(str(value)) if key == "start_from" else str(value))
        for section in sections
        for key, value in dumped[section].items()
        if value is not None
    ]


def _pair_counts(content: PageContent) -> dict[int, dict[str, int]]:
    """How many admitted pairs of each role a shot has."""
    counts = {shot.number: {"train": 0, "holdout": 0} for shot in content.pair_list.shots}
    for alignment in content.alignments.admitted:
        counts[alignment.pair.shot][alignment.pair.role] += 1
    return counts
