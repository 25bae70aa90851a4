"""Why a frame of the scan is a pair or is not, in sentences."""

from collections.abc import Iterator

from unfade.film.alignment import Alignment, TransformKind
from unfade.film.match import FrameState, ReferenceMatches
from unfade.work.pair_records import PairEntry, PairRecords

_NEIGHBOURS = 1
"""Frames on either side whose matches are told."""

_STATES: dict[FrameState, str] = {
    "free": "It could be a pair, but the pairs of its shot or its scene cover its light and its "
    "colours",
    "unmatched": "No frame of the reference shows it",
    "uncertain": "Its moving regions do not confirm the instant of its match",
    "passing": "It lies in a fade, a dissolve, a flash or black",
    "cut": "It lies too near a cut",
    "dropped": "A person dropped it: it is on 'curate.drop' in film.toml",
}


def explain_frame(records: PairRecords, source: int) -> Iterator[str]:
    """Sentences on a frame of the scan, the verdict first, and what to look at last.

    Args:
        records: of the film.
        source: a frame of the scan.
    """
    shot = records.shot_of(source)
    entry = next((one for one in records.entries() if one.pair.source == source), None)
    place = f"shot {shot.name}, frames {shot.frames.first} to {shot.frames.last}"
    if entry is None:
        yield f"Source frame {source} is no pair. It is in {place}."
        yield from _state(records, source)
    else:
        yield f"Source frame {source} {_verdict(entry)}. It is in {place}."
        if entry.pair not in [one.pair for one in records.choice.rejected]:
            yield from _choice(records, entry)
    yield from _match(records, source)
    if entry is not None:
        yield from _alignment(records, entry)
    yield from _sheets(records, entry)


def _verdict(entry: PairEntry) -> str:
    role = {"train": "training pair", "holdout": "hold-out pair"}[entry.pair.role]
    if entry.reason is not None:
        return f"was considered as a {role} and turned down: {entry.reason}"
    return f"is a {role}"


def _choice(records: PairRecords, entry: PairEntry) -> Iterator[str]:
    pair = entry.pair
    other = pair.picture or f"reference frame {records.named(pair)}"
    kind = ", which is constructed" if pair.kind == "constructed" else ""
    who = {"machine": "The machine", "person": "A person"}[pair.chosen_by]
    yield f"{who} chose it, with {other}{kind}."
    if entry.alignment is not None and entry.alignment.instead_of is not None:
        gone = entry.alignment.instead_of
        yield f"It took the place of source frame {gone.source} with {records.named(gone)}."
    if pair.note:
        yield f"Note: {pair.note}"


def _state(records: PairRecords, source: int) -> Iterator[str]:
    if records.matches is None:
        yield "There is no [reference], so that only [[pair]] entries make pairs."
        return
    state = records.matches.state[source - records.matches.frames.first]
    yield _STATES[state] + "."
    if state == "free":
        choice, shot = records.choice, records.shot_of(source).number
        own = [str(pair.source) for pair in choice.pairs if pair.shot == shot]
        scene = choice.scene_of(shot)
        others = own or [str(pair.source) for pair in choice.pairs if pair.shot in scene]
        yield f"They are at source frames {', '.join(others)}."
        if source in [pair.source for pair in choice.alternates]:
            yield "It stands by, in case one of them turns out not to fit."


def _match(records: PairRecords, source: int) -> Iterator[str]:
    """The match of a frame in each reference, and those of its neighbours."""
    if records.matches is None:
        return
    matches = records.matches
    several = len(matches.references) > 1
    for name, found in matches.references.items():
        within = f" in {name}" if several else ""
        yield from _match_in(found, source - matches.frames.first, within)
        for other in range(source - _NEIGHBOURS, source + _NEIGHBOURS + 1):
            if other != source and other in matches.frames:
                there = found.reference[other - matches.frames.first]
                matched = "no match" if there is None else f"reference frame {there}"
                yield f"Its neighbour {other} has {matched}{within}."
    best = matches.of[source - matches.frames.first]
    shown = {name: found.detail for name, found in matches.references.items() if found.detail}
    if several and best is not None:
        yield f"Of the references {best} shows it best."
        if shown:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in shown.items())
            yield f"Of the scan's detail they show all over the film: {shares}."


def _match_in(found: ReferenceMatches, place: int, within: str) -> Iterator[str]:
    """The match of a frame in one reference."""
    reference, similarity, lag = found.reference[place], found.similarity[place], found.lag[place]
    if reference is None:
        yield f"It has no match{within}: the best similarity is {similarity:.2f} of 1."
        return
    off = f"{abs(lag):.2f} frames {'after' if lag > 0 else 'before'} that instant"
    yield f"Its match{within} is reference frame {reference}, of similarity {similarity:.3f} of 1."
    yield f"Its moving regions fit best {off}." if lag else "Nothing moves there."


def _alignment(records: PairRecords, entry: PairEntry) -> Iterator[str]:
    laid = entry.alignment
    if laid is not None:
        yield (
            f"It was laid {_how(laid)}; "
            f"{laid.residual:.2f} px are left in half of its blocks, at most "
            f"{laid.residual_p95:.2f} px in 95 % of them."
        )
        for where, left in (
            ("across strong edges", laid.residual_edges),
            ("where something moves", laid.residual_moving),
        ):
            if left is not None:
                yield f"Half of what is left {where} is below {left:.2f} px."
        yield f"It covers {records.overlap(laid):.0%} of the scan's picture."
    elif entry.reason is None:
        yield "It has not been aligned yet; 'unfade align' does it."


def _how(laid: Alignment) -> str:
    """How a reference came to lie where it does."""
    if laid.pair.aligned:
        return "as it is, because a person aligned it"
    if laid.kind == "identity":
        return f"as it is, because {laid.inliers} of its blocks fit so"
    warped = " and a smooth warp" if laid.warp is not None else ""
    return f"by {_KINDS[laid.kind]}{warped} from {laid.inliers} matching features"


_KINDS: dict[TransformKind, str] = {
    "translation": "a shift",
    "similarity": "a similarity",
    "affine": "an affine transform",
    "homography": "a homography",
}


def _sheets(records: PairRecords, entry: PairEntry | None) -> Iterator[str]:
    sheets = ["02-curate/pairs.png"]
    if entry is not None and records.alignments is not None:
        admitted, rejected = records.alignments.admitted, records.alignments.rejected
        if entry.pair in [*(one.pair for one in admitted), *(one.pair for one in rejected)]:
            sheets.append(f"03-align/{entry.pair.source:06d}.png")
    yield f"Look at {' and '.join(sheets)}."
