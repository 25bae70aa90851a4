"""The report page: one HTML file with its pictures and styles inside, readable offline."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import jinja2
from torch import Tensor

from unfade.drawing.chart import loss_chart
from unfade.drawing.error_chart import error_chart
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.figures import HeldOutFigures, ShotFigures
from unfade.film.method import ChosenMethod, Methods
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Measure, Report
from unfade.film.target import Targets
from unfade.project.settings import DeliverSection, Project
from unfade.report.figures import (
    MEASURE_TITLES,
    METHOD_NAMES,
    figure,
    file_name,
    method_reason,
    reference_of,
    rejections,
)

JPEG_QUALITY = 90
"""JPEG quality of the pictures, 0 to 100: artefacts stay invisible at the size they are shown."""

CREDITS_PLACEHOLDER = "<!-- of [deliver]: institution and restorationist -->"
NOTE_PLACEHOLDER = "<!-- of [deliver]: note -->"
"""Comments that `with_credits` replaces by the fields of [deliver] on the page of the bag.

The page of validate has none of them, so that a changed credit needs no new validation.
"""


@dataclass(frozen=True)
class Comparison:
    """One frame before and after recovery, with scopes: display values of the working space.

    All pictures are (3, H, W).
    """

    frame: int
    shot: int
    before: Tensor
    after: Tensor
    scopes_before: Tensor
    scopes_after: Tensor


@dataclass(frozen=True)
class PageContent:
    """The content of the page. `held_out_sheet` is none if there is no hold-out pair."""

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
    comparisons: Sequence[Comparison]
    held_out_sheet: Tensor | None
    date: str
    versions: Mapping[str, str]


def report_page(content: PageContent) -> str:
    """The page as HTML text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("unfade.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure,
        "jpeg": _jpeg_data_uri,
        "title": _measure_title,
        "file_name": file_name,
        "method_name": METHOD_NAMES.__getitem__,
    }
    pairs = content.pair_list.pairs
    return environment.get_template("report.html").render(
        page=content,
        elements=_elements(content.clips),
        clip_remarks=_clip_remarks(content.clips),
        settings=_settings(content.project),
        digests={target.pair.source: target.sha256 for target in content.targets.targets},
        constructed=[pair for pair in pairs if pair.kind == "constructed"],
        declared_aligned=[pair for pair in pairs if pair.aligned],
        rejected=rejections(content.pair_list, content.alignments),
        loss_chart=loss_chart(content.curve.points, content.curve.baseline)
        if content.curve.points
        else "",
        error_chart=error_chart(content.rendering.frames),
        reference_of=reference_of,
        methods=_methods(content.model.methods.used(content.project.render.use), content.shots),
        part=content.rendering.part_of(content.clips.source.frames),
        credits_placeholder=CREDITS_PLACEHOLDER,
        note_placeholder=NOTE_PLACEHOLDER,
    )


def with_credits(page: str, deliver: DeliverSection, decision: str) -> str:
    """A page of `report_page` with the decision of a person, in words, and with institution,
    restorationist and note of [deliver] filled in."""
    people = (
        ("Decision", decision),
        ("Institution", deliver.institution),
        ("Restorationist", deliver.restorationist),
    )
    credits = [f"<li><span>{role}</span> {html.escape(name)}</li>" for role, name in people if name]
    note = f"<li>{html.escape(deliver.note)}</li>" if deliver.note else ""
    return page.replace(CREDITS_PLACEHOLDER, "".join(credits)).replace(NOTE_PLACEHOLDER, note)


def _methods(methods: Methods, shots: Sequence[ShotFigures]) -> list[tuple[str, ChosenMethod, str]]:
    """For each rendered shot its name, its method and the reason."""
    return [
        (one.shot.name, methods.of(one.shot.number), method_reason(methods, one.shot.number))
        for one in shots
    ]


def _measure_title(measure: Measure) -> str:
    return MEASURE_TITLES.get(measure.name, measure.name.replace("_", " "))


def _jpeg_data_uri(picture: Tensor) -> str:
    """A picture as a data: URI, clamped to 0..1."""
    display = (picture.clamp(0.0, 1.0) * 255).round().byte()
    pixels = display.flip(0).permute(1, 2, 0).contiguous().numpy()
    succeeded, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert succeeded
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _elements(clips: Clips) -> list[tuple[str, list[tuple[str, str]]]]:
    """The facts about each clip: its title, and (name, value) rows."""
    return [(title, _clip_rows(clip)) for title, clip in _titled(clips)]


def _clip_remarks(clips: Clips) -> list[tuple[str, str]]:
    """What is assumed of each clip, and what is odd about it: its title, and a sentence."""
    return [(title, remark) for title, clip in _titled(clips) for remark in clip.all_remarks()]


def _titled(clips: Clips) -> list[tuple[str, Clip]]:
    references = [(f"Reference {name}", clip) for name, clip in clips.references.items()]
    return [("Faded scan", clips.source), *references]


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
