"""What is written beside the pixels of a master: where it comes from and how it was made."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from torch import Tensor

from unfade import __version__
from unfade.film.clip import Clips, orientation_word
from unfade.film.pair import Pair
from unfade.film.rendering import PredictedError
from unfade.film.shot import Shot
from unfade.project.settings import Project

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""Of the IPTC's vocabulary: a composite, parts of which a trained model made."""

RECOVERY_TYPES = {
    frozenset({"direct"}): "reference",
    frozenset({"constructed"}): "constructed reference",
    frozenset({"direct", "constructed"}): "reference and constructed reference",
}
"""By the kinds of the pairs that the model learned from."""

SCHEMA = "Master.1"

ERROR_ENTRIES = ("unfade:predictedErrorMean", "unfade:predictedErrorP95")
"""Entries of a master for what the model expects its error to be, in CIEDE2000."""

Entry = str | int


def film_entries(
    project: Project, clips: Clips, pairs: Sequence[Pair], model_id: str
) -> dict[str, Entry]:
    """Header entries that all masters of a rendering share. They hold no path of the machine.

    People and institutions are named by the bag, so that a credit renders nothing anew. `pairs`
    are those that were admitted.
    """
    entries: dict[str, Entry] = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "unfade:film": project.film.title,
        "unfade:version": project.render.version,
        "unfade:model": model_id,
        "Software": f"unfade {__version__}",
        "unfade:recovery": "chroma: luma of the source, predicted chroma",
        "unfade:recoveryType": _recovery_type(pairs),
        "unfade:source": _name(project.source.path),
        "unfade:reference": ", ".join(_references(clips, pairs)),
    }
    if clips.source.orientation != 1:
        entries["unfade:sourceTurned"] = orientation_word(clips.source.orientation)
    if project.film.view:
        entries["unfade:view"] = project.film.view
    return entries


def frame_entries(shot: Shot, frame: int, error: PredictedError) -> dict[str, Entry]:
    """Header entries of one master."""
    figures = (f"{error.mean:.3f}", f"{error.p95:.3f}")
    own: dict[str, Entry] = {"unfade:shot": shot.name, "unfade:frame": frame}
    return own | dict(zip(ERROR_ENTRIES, figures, strict=True))


def predicted_error(error: Tensor) -> PredictedError:
    """Of the errors of a frame's pixels."""
    p95 = error.flatten().quantile(0.95)
    return PredictedError(mean=float(error.mean()), p95=float(p95))


def error_of(entries: Mapping[str, str]) -> PredictedError:
    """What `frame_entries` wrote."""
    mean, p95 = (float(entries[name]) for name in ERROR_ENTRIES)
    return PredictedError(mean=mean, p95=p95)


def sidecar(facts: dict[str, object], entries: dict[str, Entry], cut: int) -> str:
    """The record of a master whose format has no place for it, as JSON.

    Args:
        facts: of the file, by name.
        entries: what an EXR header would hold.
        cut: how many values were cut.
    """
    fields = {"schema": SCHEMA, **facts, "values_cut": cut, "record": entries}
    return sidecar_text(fields)


def sidecar_text(fields: Mapping[str, object]) -> str:
    """The fields of a sidecar as JSON."""
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def read_sidecar(text: str) -> tuple[int, dict[str, str]]:
    """How many values were cut, and the entries, as `sidecar` wrote them."""
    fields = json.loads(text)
    return int(fields["values_cut"]), fields["record"]


def _recovery_type(pairs: Iterable[Pair]) -> str:
    return RECOVERY_TYPES.get(frozenset(pair.kind for pair in pairs), "reference")


def _references(clips: Clips, pairs: Sequence[Pair]) -> list[str]:
    """The names of all that colour was learned from: clips, then pictures."""
    used = {pair.of for pair in pairs}
    names = [_name(clip.path) for of, clip in clips.references.items() if of in used]
    pictures = {_name(pair.picture) for pair in pairs if pair.picture is not None}
    return names + sorted(pictures)


def _name(path: str) -> str:
    return PurePath(path).name
