"""The validation note: verdict, figures, elements and assumptions of a delivery as plain text."""

import textwrap
from collections.abc import Iterable, Iterator

from unfade.deliver.assumed import sheet_path
from unfade.deliver.content import DeliveryContent
from unfade.film.alignment import Alignment
from unfade.film.balance import dye_losses
from unfade.film.clip import Clip, Clips
from unfade.film.construction import construct_path
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair, counting_pairs, pairs_in_words
from unfade.film.rendering import Rendering
from unfade.film.report import Measure
from unfade.film.wording import counted
from unfade.report.figures import (
    MEASURE_TITLES,
    METHOD_NAMES,
    figure,
    file_name,
    reference_of,
    rejections,
)

LINE_WIDTH = 88
"""Characters in a line: fits a printed page and every terminal."""

REJECTED_WARNING = (
    "REJECTED: validation found that these masters must not be used as they are; the reasons "
    "are below."
)


def validation_note(delivered: DeliveryContent) -> str:
    """The note as text. It names files without their folders."""
    project, report = delivered.project, delivered.report
    sections = [
        ("VERDICT", [report.verdict, *report.reasons]),
        ("DECISION", [delivered.decision]),
        ("NOTES OF PEOPLE", _notes_of_people(delivered)),
        ("FIGURES", [_measure(measure) for measure in report.measures]),
        ("ELEMENTS", _elements(delivered.clips)),
        ("REFERENCES", _references(delivered)),
        ("ASSUMPTIONS AND CAVEATS", _assumptions(delivered)),
        ("MASTERS", _masters(delivered)),
        ("MADE BY", _makers(delivered)),
    ]
    parts = [REJECTED_WARNING, ""] if report.verdict == "reject" else []
    parts += [f"{project.film.title}: validation note{_of_part(delivered)}", ""]
    for heading, lines in sections:
        parts += [heading, *_wrapped(lines), ""]
    return "\n".join(parts)


def _notes_of_people(delivered: DeliveryContent) -> list[str]:
    """Dismissed outliers and bookmarks."""
    dismissed = [one.in_words() for one in delivered.dismissals.entries]
    return [*dismissed, *(one.in_words() for one in delivered.bookmarks.marks)] or ["none"]


def _of_part(delivered: DeliveryContent) -> str:
    part = delivered.part_in_words
    return f" of a part, {part}" if part else ""


def _measure(measure: Measure) -> str:
    title = MEASURE_TITLES.get(measure.name, measure.name)
    line = f"{title}: {figure(measure.value, measure.unit)} {measure.unit}"
    if measure.limit is None:
        return line
    relation = "within" if measure.ok else "BEYOND"
    return f"{line}, {relation} the limit of {figure(measure.limit, measure.unit)}"


def _elements(clips: Clips) -> list[str]:
    lines = [_element("faded scan", clips.source)]
    lines += [_element(f"reference {name}", clip) for name, clip in clips.references.items()]
    return lines


def _element(role: str, clip: Clip) -> str:
    area = clip.live_area
    facts = (
        f"{role}: {file_name(clip.path)}, frames {clip.frames.first} to {clip.frames.last} at "
        f"{clip.rate} a second, {clip.width} x {clip.height} pixels of aspect "
        f"{clip.pixel_aspect}, live area {area.width} x {area.height} at {area.x}, {area.y}, "
        f"read as {clip.colorspace}, {clip.fields_in_words()}"
    )
    return "; ".join([facts, *clip.all_remarks()])


def _references(delivered: DeliveryContent) -> list[str]:
    admitted = [alignment.pair for alignment in delivered.alignments.admitted]
    pairs = counting_pairs(admitted)
    lines = [
        f"{pairs_in_words(pairs, 'train')}, which taught, {pairs_in_words(pairs, 'holdout')}, "
        f"which chose checkpoint, methods and rounds, and {pairs_in_words(pairs, 'test')}, which "
        f"did neither, in {counted(len({pair.shot for pair in pairs}), 'shot')}; pairs.json and "
        "alignments.json list them"
    ]
    if idle := len(admitted) - len(pairs):
        lines.append(
            f"besides, {counted(idle, 'constructed pair')} that neither taught nor judged, because "
            "a person kept them out of training and their shots have direct pairs"
        )
    lines += [
        f"besides, {one.in_words()}, another film of the series, taught the model and chose its "
        "checkpoint; none of them measured this film; model.json lists them"
        for one in delivered.model.series
    ]
    carried = len(delivered.model.carried_frames)
    if carried:
        lines.append(
            f"the colour of training pairs was carried along motion to {carried} frames without a "
            "pair, which were used for training, too; model.json lists them"
        )
    shots = delivered.model.carried_colour
    refused = sum(not one.carried for one in shots)
    if refused:
        lines.append(
            f"in {refused} of {len(shots)} shots no colour was carried, because on pairs kept "
            "apart it was farther from the reference than the closed form; model.json lists them"
        )
    lines += [
        f"rejected: source frame {rejection.pair.source}: {rejection.reason}"
        for rejection in rejections(delivered.pair_list, delivered.alignments)
    ]
    return lines


def _assumptions(delivered: DeliveryContent) -> list[str]:
    lines = [
        "Luma is that of the scan. Chroma is predicted by a model trained on the pairs; it is a "
        "reconstruction, not a measurement of the original dyes.",
        "The colour of the reference is taken as ground truth, including its grading, ageing and "
        "transfer.",
    ]
    if delivered.project.ingest.balance != "none":
        lines.append(
            "The input of the model was the scan after a colour balance, which is stored in the "
            "model's file; luma and masters are not balanced."
        )
    if losses := dye_losses(delivered.grade):
        lines.append(losses)
    if damage := delivered.clips.source.damage.caveat():
        lines.append(f"The scan has {damage}; clips.json lists all.")
    for alignment in delivered.alignments.admitted:
        lines += _assumptions_of(alignment, delivered)
    if delivered.project.deliver.note:
        lines.append(delivered.project.deliver.note)
    return lines


def _assumptions_of(alignment: Alignment, delivered: DeliveryContent) -> Iterator[str]:
    """What is assumed of a pair."""
    pair = alignment.pair
    if pair.kind == "constructed":
        note = f": {pair.note}" if pair.note else ""
        yield (
            f"The reference of source frame {pair.source} ({_colour_of(pair)}) is "
            f"constructed, not archival{note}"
        )
    if assumed := delivered.assumptions.get(pair.source):
        yield from (f"Source frame {pair.source}: {words}" for words in assumed.in_words())
        yield (
            f"Source frame {pair.source}: {construct_path(pair.source, '.toml')} lists its "
            f"{counted(len(assumed.points), 'point')}, {sheet_path(pair.source)} shows them"
        )
    if pair.colorspace is not None:
        yield (
            f"The reference of source frame {pair.source} ({_colour_of(pair)}) was read as "
            f"{pair.colorspace}, as a person stated."
        )
    if pair.aligned:
        yield (
            f"The reference of source frame {pair.source} ({_colour_of(pair)}) was declared "
            "aligned by a person, so it was not registered."
        )
    if alignment.kind == "points":
        yield (
            f"The reference of source frame {pair.source} ({_colour_of(pair)}) was laid on the "
            f"scan by {counted(alignment.inliers, 'control point')} of a person."
        )


def _colour_of(pair: Pair) -> str:
    """The colour reference of a pair: a frame of a reference clip, or a picture in the bag."""
    return reference_of(pair) if pair.picture is None else pair.picture


def _masters(delivered: DeliveryContent) -> list[str]:
    rendering, model = delivered.rendering, delivered.model
    numbers = [frame.frame for frame in rendering.frames]
    part = f"; a part of the film: {delivered.part_in_words}" if delivered.part else ""
    compression = "not compressed" if rendering.compression == "none" else rendering.compression
    return [
        f"version {rendering.version}, {len(numbers)} frames, {min(numbers)} to {max(numbers)}"
        + part,
        f"{_format(rendering)}, {rendering.colorspace}, {compression}",
        f"colour spaces of the OpenColorIO config {rendering.color_config}"
        + (f", scene-linear light through its view '{rendering.view}'" if rendering.view else ""),
        *_cut(rendering),
        f"model {rendering.model_id}, size {model.size}, {model.parameters:,} parameters, "
        f"weights of step {model.step:,} of {model.steps:,}{_chosen(model)}",
        *_shot_models(model),
        *_methods(delivered),
        "settings.json holds every setting; manifest-sha256.txt of the bag holds every checksum",
    ]


def _chosen(model: TrainedModel) -> str:
    if model.chosen_step is None:
        return ""
    return f", chosen by a person; hold-out pairs chose step {model.best_step:,}"


def _format(rendering: Rendering) -> str:
    kinds = {
        "exr": "OpenEXR, 16-bit half" + (", SMPTE ST 2065-4" if rendering.strict else ""),
        "tiff": "TIFF, 16-bit integer",
        "dpx": f"DPX, {rendering.bits}-bit integer",
    }
    return kinds[rendering.format]


def _cut(rendering: Rendering) -> list[str]:
    cut = sum(frame.cut for frame in rendering.frames)
    if not cut:
        return []
    return [
        f"{cut:,} values lay outside 0 to 1 and were clipped, because {rendering.format} cannot "
        "hold them"
    ]


def _shot_models(model: TrainedModel) -> list[str]:
    own = [f"s{one.shot:03d}" for one in model.shot_models if one.kept]
    return [f"networks of their own: shots {', '.join(own)}"] if own else []


def _methods(delivered: DeliveryContent) -> list[str]:
    """Which shots get their colour by which method, and what chose it."""
    methods = delivered.model.methods.used(delivered.project.render.use)
    rendered = {frame.shot for frame in delivered.rendering.frames}
    groups: dict[tuple[str, str], list[str]] = {}
    for shot in delivered.pair_list.shots:
        if shot.number in rendered:
            chosen = methods.of(shot.number)
            by = (METHOD_NAMES[chosen.method], chosen.chosen_by_in_words())
            groups.setdefault(by, []).append(shot.name)
    return [
        f"colour by {method}, chosen by {chooser}: shots {', '.join(names)}"
        for (method, chooser), names in groups.items()
    ]


def _makers(delivered: DeliveryContent) -> list[str]:
    deliver = delivered.project.deliver
    names = [name for name in (deliver.restorationist, deliver.institution) if name]
    return [*([", ".join(names)] if names else []), f"{delivered.software}, {delivered.date}"]


def _wrapped(lines: Iterable[str]) -> list[str]:
    return [
        textwrap.fill(line, LINE_WIDTH, initial_indent="  ", subsequent_indent="    ")
        for line in lines
    ]
