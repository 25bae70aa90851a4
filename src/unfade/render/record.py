"""What is written beside the pixels of a master: where it comes from and how it was made."""

import json
from collections.abc import Iterable
from pathlib import PurePath

from unfade import __version__
from unfade.film.clip import Clips
from unfade.film.pair import Pair, PairList
from unfade.film.project import Project
from unfade.film.shot import Shot

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""Of the IPTC's vocabulary: a composite, parts of which a trained model made."""

RECOVERY_TYPES = {
    frozenset({"direct"}): "reference",
    frozenset({"constructed"}): "constructed reference",
    frozenset({"direct", "constructed"}): "reference and constructed reference",
}
"""By the kinds of the pairs that the model learned from."""

SCHEMA = "Master.1"

Entry = str | int


def film_entries(
    project: Project, clips: Clips, pair_list: PairList, model_id: str
) -> dict[str, Entry]:
    """Header entries that all masters of a rendering share. They hold no path of the machine."""
    deliver = project.deliver
    entries: dict[str, Entry] = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "unfade:film": project.film.title,
        "unfade:version": project.render.version,
        "unfade:model": model_id,
        "Software": f"unfade {__version__}",
        "unfade:recovery": "chroma: luma of the source, predicted chroma",
        "unfade:recoveryType": _recovery_type(pair_list.pairs),
        "unfade:source": _name(project.source.path),
        "unfade:reference": ", ".join(_references(clips, pair_list.pairs)),
    }
    if project.film.view:
        entries["unfade:view"] = project.film.view
    if deliver.institution:
        entries["unfade:institution"] = deliver.institution
    if deliver.restorationist:
        entries["unfade:restorationist"] = deliver.restorationist
    return entries


def frame_entries(shot: Shot, frame: int) -> dict[str, Entry]:
    """Header entries of one master."""
    return {"unfade:shot": shot.name, "unfade:frame": frame}


def sidecar(facts: dict[str, object], entries: dict[str, Entry], cut: int) -> str:
    """The record of a master whose format has no place for it, as JSON.

    Args:
        facts: of the file, by name.
        entries: what an EXR header would hold.
        cut: how many values were cut.
    """
    fields = {"schema": SCHEMA, **facts, "values_cut": cut, "record": entries}
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def cut_of(text: str) -> int:
    """How many values were cut, as `sidecar` wrote it."""
    return int(json.loads(text)["values_cut"])


def _recovery_type(pairs: Iterable[Pair]) -> str:
    return RECOVERY_TYPES.get(frozenset(pair.kind for pair in pairs), "reference")


def _references(clips: Clips, pairs: Iterable[Pair]) -> list[str]:
    """The names of all that colour was learned from: the clip, then pictures."""
    clip = [_name(clips.reference.path)] if clips.reference is not None else []
    pictures = {_name(pair.picture) for pair in pairs if pair.picture is not None}
    return clip + sorted(pictures)


def _name(path: str) -> str:
    return PurePath(path).name
