"""The record of a master: header entries or a sidecar that say how it was made, and from what."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from unfade import __version__
from unfade.film.clip import Clip, Clips, orientation_word
from unfade.film.method import ChosenMethod
from unfade.film.pair import Pair
from unfade.film.provenance import DIGITAL_SOURCE_TYPE, RECOVERY
from unfade.film.rendering import PredictedError
from unfade.film.shot import Shot
from unfade.model.chroma_model import ErrorMap
from unfade.project.settings import Project

RECOVERY_TYPES = {
    frozenset({"direct"}): "reference",
    frozenset({"constructed"}): "constructed reference",
    frozenset({"direct", "constructed"}): "reference and constructed reference",
}
"""Values of unfade:recoveryType, by the kinds of the training pairs."""

SCHEMA = "Master.1"
"""Schema of a sidecar."""

ERROR_ENTRIES = (
    "unfade:predictedErrorMean",
    "unfade:predictedErrorP95",
    "unfade:beyondPairs",
)
"""Header entries of the predicted error: mean and 95th percentile in CIEDE2000, and the share of
the pixels beyond what training pairs show."""

DPX_HISTORY_VERSION = 1
"""Version of `process_history`; a higher one renders DPX masters anew."""

ProcessHistory = tuple[tuple[tuple[str, str], ...], ...]
"""Lines of a process history; each has variables of a letter and a text."""

Entry = str | int
"""Value of a header entry."""


def film_entries(
    project: Project, clips: Clips, pairs: Sequence[Pair], model_id: str
) -> dict[str, Entry]:
    """Header entries that all masters of a rendering share: file names only, no folders.

    People and institutions are not among them but in the bag, so that a changed credit needs no
    new rendering. `pairs` are the admitted ones.
    """
    entries: dict[str, Entry] = {
        "Iptc4xmpExt:DigitalSourceType": DIGITAL_SOURCE_TYPE,
        "unfade:film": project.film.title,
        "unfade:version": project.render.version,
        "unfade:model": model_id,
        "Software": f"unfade {__version__}",
        "unfade:recovery": RECOVERY,
        "unfade:recoveryType": _recovery_type(pairs),
        "unfade:source": _name(project.source.path),
        "unfade:reference": ", ".join(_references(clips, pairs)),
    }
    if clips.source.orientation != 1:
        entries["unfade:sourceTurned"] = orientation_word(clips.source.orientation)
    if project.film.view:
        entries["unfade:view"] = project.film.view
    return entries


def frame_entries(
    shot: Shot, frame: int, method: ChosenMethod, error: PredictedError, held: int | None = None
) -> dict[str, Entry]:
    """Header entries of one master. `held` is the frame whose picture it shows, if its own is
    damaged."""
    figures = [f"{value:.3f}" for value in (error.mean, error.p95, error.beyond)]
    own: dict[str, Entry] = {
        "unfade:shot": shot.name,
        "unfade:frame": frame,
        "unfade:method": method.method,
        "unfade:methodChosenBy": method.chosen_by_in_words(),
    }
    if held is not None:
        own["unfade:heldFrom"] = held
    return own | dict(zip(ERROR_ENTRIES, figures, strict=True))


def process_history(project: Project, source: Clip, entries: Mapping[str, Entry]) -> ProcessHistory:
    """The lines of a DPX master's process history: the film, its scan, and the recovery.

    Gauge, sound and stock of the film and the scanner are not known, so they are left out.

    Args:
        project: settings of the masters.
        source: the scan.
        entries: of `film_entries`.
    """
    settings, size = project.render, f"{source.width}x{source.height}"
    recovery = (
        f"{entries['Software']}; {entries['unfade:recovery']}; model {entries['unfade:model']}; "
        f"from {entries['unfade:recoveryType']} {entries['unfade:reference']}; "
        f"digital source type {DIGITAL_SOURCE_TYPE.rpartition('/')[2]}"
    )
    film = (("O", "film"), ("C", "color"), ("F", str(source.rate)), ("D", "faded dyes"))
    scan = (("O", source.codec or source.kind), ("R", size), ("M", source.colorspace))
    master = (("O", "DPXv2"), ("W", f"{settings.bits}-bit"), ("R", size))
    return (
        film,
        (*scan, ("T", str(entries["unfade:source"]))),
        (*master, ("M", settings.colorspace), ("T", recovery)),
    )


def predicted_error(error: ErrorMap) -> PredictedError:
    """The predicted error of a frame from that of its pixels."""
    p95 = error.ciede2000.flatten().quantile(0.95)
    mean, beyond = float(error.ciede2000.mean()), float(error.beyond.mean())
    return PredictedError(mean=mean, p95=float(p95), beyond=beyond)


def read_predicted_error(entries: Mapping[str, str]) -> PredictedError:
    """The predicted error from header entries of `frame_entries`.

    Raises:
        ValueError: an entry is missing, or is no number.
    """
    try:
        mean, p95, beyond = (float(entries[name]) for name in ERROR_ENTRIES)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it has no predicted error ({error})") from error
    return PredictedError(mean=mean, p95=p95, beyond=beyond)


def sidecar(facts: dict[str, object], entries: dict[str, Entry], cut: int) -> str:
    """The sidecar, as JSON, of a master whose format cannot hold the record in its header.

    Args:
        facts: about the file, by name.
        entries: those of an EXR header.
        cut: number of clipped values.
    """
    fields = {"schema": SCHEMA, **facts, "values_cut": cut, "record": entries}
    return to_sidecar_json(fields)


def to_sidecar_json(fields: Mapping[str, object]) -> str:
    """The fields of a sidecar as JSON."""
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def read_sidecar(text: str) -> tuple[int, dict[str, str]]:
    """The number of clipped values, and the entries, from a text of `sidecar`.

    Raises:
        ValueError: it is no such text.
    """
    try:
        fields = json.loads(text)
        cut, entries = fields["values_cut"], fields["record"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it holds no record ({error})") from error
    if not isinstance(cut, int) or not isinstance(entries, dict):
        raise ValueError("its record is no table")
    return cut, entries


def _recovery_type(pairs: Iterable[Pair]) -> str:
    return RECOVERY_TYPES.get(frozenset(pair.kind for pair in pairs), "reference")


def _references(clips: Clips, pairs: Sequence[Pair]) -> list[str]:
    """File names of the references used: clips, then pictures."""
    used = {pair.of for pair in pairs}
    names = [_name(clip.path) for of, clip in clips.references.items() if of in used]
    pictures = {_name(pair.picture) for pair in pairs if pair.picture is not None}
    return names + sorted(pictures)


def _name(path: str) -> str:
    return PurePath(path).name
