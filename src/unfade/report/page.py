"""The report page: one HTML file with its pictures and styles inside, readable offline."""

import html
from collections.abc import Iterator, Sequence

import jinja2

from unfade.drawing.chart import loss_chart
from unfade.drawing.error_chart import error_chart
from unfade.drawing.error_map import WHITE_CIEDE2000
from unfade.film.balance import dye_losses
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Clip, Clips
from unfade.film.dismissal import Dismissals
from unfade.film.figures import ShotFigures
from unfade.film.method import ChosenMethod, Methods
from unfade.film.pair import ROLE_NAMES, counting_pairs, pairs_in_words
from unfade.film.report import Measure
from unfade.film.wording import for_page, printable
from unfade.project.settings import DeliverSection, Project
from unfade.report.content import Comparison, FrameView, PageContent
from unfade.report.criteria import criteria
from unfade.report.figures import (
    KIND_TITLES,
    MEASURE_TITLES,
    METHOD_NAMES,
    PLACE_TITLES,
    figure,
    file_name,
    method_reason,
    reference_of,
    rejections,
)
from unfade.report.pictures import FRAME_BYTES, LARGE, NamedPicture, encoded, encoded_within
from unfade.report.summaries import held_out_rows, kind_rows, nearness, scene_rows

CREDITS_PLACEHOLDER = "<!-- of [deliver]: institution and restorationist -->"
NOTE_PLACEHOLDER = "<!-- of [deliver]: note -->"
"""Comments that `with_people` replaces by the fields of [deliver] on the page of the bag.

The page of validate has none of them, so that a changed credit needs no new validation.
"""

PEOPLE_PLACEHOLDER = "<p>Bookmarks and dismissed outliers are listed on the page of a delivery.</p>"
"""What `with_people` replaces by the notes of people, so that a new one needs no new validation."""


SECTIONS = {
    "criteria": "Acceptance criteria",
    "words": "How to read the figures",
    "before-after": "Before and after",
    "held-out": "Hold-out pairs",
    "worst": "Worst frames and outliers",
    "diagnoses": "Diagnoses",
    "rounds": "Rounds of improvement",
    "scenes": "Scenes",
    "shots": "Shots and coverage",
    "scopes": "Scopes",
    "figures": "All figures",
    "methods": "Methods",
    "training": "Training",
    "pairs": "Pairs",
    "notes": "Notes of people",
    "caveats": "Caveats",
    "provenance": "Provenance",
}
"""Anchors of the page's sections and their names, in order."""


def report_page(content: PageContent) -> str:
    """The page as HTML text."""
    pairs = content.pair_list.pairs
    rows = held_out_rows(content)
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=content,
            criteria=criteria(content.report.measures),
            measures={measure.name: measure for measure in content.report.measures},
            held_out=rows,
            kind_rows=kind_rows(content.held_out),
            nearness=nearness(rows) if rows else "",
            scenes=scene_rows(
                content.pair_list, content.shots, content.held_out, content.shot_views
            ),
            elements=_elements(content.clips),
            clip_remarks=_clip_remarks(content.clips),
            damage=content.clips.source.damage.caveat(),
            settings=_settings(content.project),
            digests={target.pair.source: target.sha256 for target in content.targets.targets},
            constructed=[pair for pair in pairs if pair.kind == "constructed"],
            pair_counts=_pair_counts(content),
            declared_aligned=[pair for pair in pairs if pair.aligned],
            rejected=rejections(content.pair_list, content.alignments),
            loss_chart=loss_chart(content.curve.points, content.curve.baseline)
            if content.curve.points
            else "",
            error_chart=error_chart(content.rendering.frames),
            comparisons=_comparison_views(content.comparisons),
            scoped=[view for view in content.held_out_views if view.scopes],
            predicted={one.frame: one.predicted_error.mean for one in content.rendering.frames},
            sections=[*_sections(content)],
            methods=_methods(content.model.methods.used(content.project.render.use), content.shots),
            part=content.rendering.part_in_words(content.clips.source.frames),
            credits_placeholder=CREDITS_PLACEHOLDER,
            note_placeholder=NOTE_PLACEHOLDER,
            people_placeholder=PEOPLE_PLACEHOLDER,
        )
    )


def _sections(content: PageContent) -> Iterator[tuple[str, str]]:
    """Anchors and names of the sections that the page has."""
    is_shown = {
        "before-after": bool(content.comparisons),
        "diagnoses": bool(content.report.diagnoses),
        "rounds": content.improvement is not None,
        "scenes": bool(content.pair_list.scenes),
        "scopes": bool(content.comparisons) or any(one.scopes for one in content.held_out_views),
    }
    return ((id, name) for id, name in SECTIONS.items() if is_shown.get(id, True))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("unfade.report", ""),
        autoescape=True,
        finalize=for_page,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure,
        "picture": encoded,
        "printable": printable,
        "title": _measure_title,
        "file_name": file_name,
        "method_name": METHOD_NAMES.__getitem__,
        "kind_title": KIND_TITLES.__getitem__,
        "place_title": PLACE_TITLES.__getitem__,
    }
    environment.globals |= {
        "reference_of": reference_of,
        "white_error": WHITE_CIEDE2000,
        "role_names": ROLE_NAMES,
        "dye_losses": dye_losses,
    }
    return environment


def _comparison_views(comparisons: Sequence[Comparison]) -> list[FrameView]:
    """The comparisons in the size of the page."""
    most_bytes = FRAME_BYTES / 2 / max(len(comparisons), 1)
    views = []
    for one in comparisons:
        before, after = encoded_within((one.before, one.after), LARGE, most_bytes)
        pictures = NamedPicture("Scan", before), NamedPicture("Recovered", after)
        views.append(FrameView(one.frame, one.shot, *pictures))
    return views


def with_people(
    page: str,
    deliver: DeliverSection,
    decision: str,
    dismissals: Dismissals,
    bookmarks: Bookmarks,
) -> str:
    """A page of `report_page` with what people put on record.

    Args:
        page: the text of the page.
        deliver: institution, restorationist and note.
        decision: of a person on the masters, in words.
        dismissals: of outliers.
        bookmarks: on frames.
    """
    people = (
        ("Decision", decision),
        ("Institution", deliver.institution),
        ("Restorationist", deliver.restorationist),
    )
    credits = [f"<li><span>{role}</span> {html.escape(name)}</li>" for role, name in people if name]
    note = f"<li>{html.escape(deliver.note)}</li>" if deliver.note else ""
    notes = _environment().get_template("parts/people.html")
    filled = {
        CREDITS_PLACEHOLDER: "".join(credits),
        NOTE_PLACEHOLDER: note,
        PEOPLE_PLACEHOLDER: notes.render(dismissals=dismissals.entries, bookmarks=bookmarks.marks),
    }
    for placeholder, text in filled.items():
        page = page.replace(placeholder, text)
    return page


def _pair_counts(content: PageContent) -> list[str]:
    """The numbers of pairs by role, constructed ones apart."""
    pairs = counting_pairs(alignment.pair for alignment in content.alignments.admitted)
    return [pairs_in_words(pairs, role) for role in ROLE_NAMES]


def _methods(methods: Methods, shots: Sequence[ShotFigures]) -> list[tuple[str, ChosenMethod, str]]:
    """For each rendered shot its name, its method and the reason."""
    return [
        (one.shot.name, methods.of(one.shot.number), method_reason(methods, one.shot.number))
        for one in shots
    ]


def _measure_title(measure: Measure) -> str:
    return MEASURE_TITLES.get(measure.name, measure.name.replace("_", " "))


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
