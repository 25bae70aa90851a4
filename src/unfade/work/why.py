"""Explains, in sentences, why a frame of the scan is a pair or is not."""

from collections.abc import Iterator

from unfade.film.alignment import Alignment, TransformKind
from unfade.film.control_points import MAX_EXACT_POINTS, kind_by_count
from unfade.film.match import FrameState, ReferenceMatches
from unfade.film.wording import counted
from unfade.work.pair_records import PairEntry, PairRecords

_NEIGHBOURS = 1
"""Frames on either side whose matches are printed, enough to see a jump of the match."""

_STATES: dict[FrameState, str] = {
    "free": "It could be a pair, but the pairs of its shot or its scene cover its light and its "
    "colours",
    "unmatched": "No frame of the reference shows it",
    "uncertain": "Its moving regions do not confirm the instant of its match",
    "changing": "Its light changes, in a fade or beside fast motion, and it is not needed for its "
    "light, or too near a pair that judges",
    "passing": "It lies in a dissolve, a flash or black, or in a fade beside a cut",
    "cut": "It lies too near a cut",
    "dropped": "A person dropped it: it is on 'curate.drop' in film.toml",
    "damaged": "Its file is missing or damaged",
}


def explain_frame(records: PairRecords, source: int) -> Iterator[str]:
    """Sentences about a frame of the scan: first the verdict, then the reasons, last the sheets.

    Args:
        records: the records of the film.
        source: the frame number in the scan.
    """
    shot = records.shot_of(source)
    entry = next((one for one in records.entries() if one.pair.source == source), None)
    where = f"shot {shot.name}, frames {shot.frames.first} to {shot.frames.last}"
    if entry is None:
        yield f"Source frame {source} is no pair. It is in {where}."
        yield from _state(records, source)
    else:
        yield f"Source frame {source} {_verdict(entry)}. It is in {where}."
        if entry.pair not in [one.pair for one in records.choice.rejected]:
            yield from _choice(records, entry)
    yield from _match(records, source)
    if entry is not None:
        yield from _alignment(records, entry)
    yield from _sheets(records, entry)


def explain_candidate(records: PairRecords, source: int, of: str, reference: int) -> str:
    """One sentence about a source frame with a reference frame, which need not be its match.

    Args:
        records: the records of the film.
        source: the frame number in the scan.
        of: the name of the reference.
        reference: the frame number in it.
    """
    if records.matches is None or of not in records.matches.references:
        return f"No frame has been matched in {of} yet."
    matches = records.matches.references[of]
    index = source - records.matches.frames.first
    matched, similarity = matches.reference[index], matches.similarity[index]
    if matched is None:
        return f"Nothing in {of} matches: the best similarity is {similarity:.2f} of 1."
    if matched == reference:
        return f"This is the match, of similarity {similarity:.3f} of 1."
    side = "after" if reference > matched else "before"
    return (
        f"This is {counted(abs(reference - matched), 'frame')} {side} the match, reference frame "
        f"{matched}, of similarity {similarity:.3f} of 1."
    )


def _verdict(entry: PairEntry) -> str:
    role = {"train": "training pair", "holdout": "hold-out pair", "test": "test pair"}[
        entry.pair.role
    ]
    if entry.reason is not None:
        return f"was considered as a {role} and rejected: {entry.reason}"
    return f"is a {role}"


def _choice(records: PairRecords, entry: PairEntry) -> Iterator[str]:
    pair = entry.pair
    reference = pair.picture or f"reference frame {records.reference_label(pair)}"
    kind = ", which is constructed" if pair.kind == "constructed" else ""
    chooser = {"machine": "The machine", "person": "A person"}[pair.chosen_by]
    yield f"{chooser} chose it, with {reference}{kind}."
    if entry.alignment is not None and entry.alignment.instead_of is not None:
        replaced = entry.alignment.instead_of
        yield (
            f"It replaces source frame {replaced.source} with {records.reference_label(replaced)}."
        )
    if pair.note:
        yield f"Note: {pair.note}"


def _state(records: PairRecords, source: int) -> Iterator[str]:
    if records.matches is None:
        yield "There is no [reference], so only [[pair]] entries make pairs."
        return
    state = records.matches.state[source - records.matches.frames.first]
    yield _STATES[state] + "."
    if state == "free":
        choice, shot = records.choice, records.shot_of(source).number
        own = [str(pair.source) for pair in choice.pairs if pair.shot == shot]
        scene = choice.scene_of(shot)
        others = own or [str(pair.source) for pair in choice.pairs if pair.shot in scene]
        yield f"These are at source frames {', '.join(others)}."
        if source in [pair.source for pair in choice.alternates]:
            yield "It is an alternate, used if align rejects one of them."


def _match(records: PairRecords, source: int) -> Iterator[str]:
    """The match of a frame in each reference, the matches of its neighbours, the best reference."""
    matches = records.matches
    if matches is None:
        return
    several = len(matches.references) > 1
    for name, in_reference in matches.references.items():
        within = f" in {name}" if several else ""
        yield from _match_in(in_reference, source - matches.frames.first, within)
        for other in range(source - _NEIGHBOURS, source + _NEIGHBOURS + 1):
            if other != source and other in matches.frames:
                frame = in_reference.reference[other - matches.frames.first]
                matched = "no match" if frame is None else f"reference frame {frame}"
                yield f"Its neighbour {other} has {matched}{within}."
    best = matches.of[source - matches.frames.first]
    details = {name: one.detail for name, one in matches.references.items() if one.detail}
    if several and best is not None:
        yield f"Of the references {best} shows it best."
        if details:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in details.items())
            yield f"Share of the scan's fine detail in each reference, over the film: {shares}."


def _match_in(matches: ReferenceMatches, index: int, within: str) -> Iterator[str]:
    """The match of a frame in one reference."""
    reference, similarity = matches.reference[index], matches.similarity[index]
    lag = matches.lag[index]
    if reference is None:
        yield f"It has no match{within}: the best similarity is {similarity:.2f} of 1."
        return
    offset = f"{abs(lag):.2f} frames {'after' if lag > 0 else 'before'} that instant"
    yield f"Its match{within} is reference frame {reference}, of similarity {similarity:.3f} of 1."
    yield f"Its moving regions fit best {offset}." if lag else "Nothing moves there."


def _alignment(records: PairRecords, entry: PairEntry) -> Iterator[str]:
    alignment = entry.alignment
    if alignment is not None:
        yield (
            f"The reference was aligned {_transform(alignment)}; the residual is "
            f"{alignment.residual:.2f} px in the median block and at most "
            f"{alignment.residual_p95:.2f} px in 95 % of blocks."
        )
        for where, residual in (
            ("across strong edges", alignment.residual_edges),
            ("where something moves", alignment.residual_moving),
        ):
            if residual is not None:
                yield f"The median residual {where} is {residual:.2f} px."
        if alignment.overruled is not None:
            yield f"The control points overrule the machine, because {alignment.overruled}."
        yield f"It covers {records.overlap(alignment):.0%} of the scan's picture."
    elif entry.reason is None:
        yield "It has not been aligned yet; 'unfade align' does it."


def _transform(alignment: Alignment) -> str:
    """The transform of an alignment, and its evidence."""
    if alignment.pair.aligned:
        return "without a search, because a person marked it as aligned"
    if alignment.kind == "points":
        residual = ""
        if alignment.inliers > MAX_EXACT_POINTS:
            residual = f", whose residual is {alignment.points_residual:.2f} px"
        points = counted(alignment.inliers, "control point")
        kind = _KINDS[kind_by_count(alignment.inliers)]
        return f"by {kind} from {points} that a person placed{residual}"
    if alignment.kind == "identity":
        return f"without a transform, because {alignment.inliers} of its blocks fit"
    warped = " and a smooth warp" if alignment.warp is not None else ""
    return f"by {_KINDS[alignment.kind]}{warped} from {alignment.inliers} matching features"


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
