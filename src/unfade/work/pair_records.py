"""What the work directory says of pairs, put together from curate's record and align's."""

from dataclasses import dataclass

from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Clips
from unfade.film.match import MatchRecord
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.work.job import Job


@dataclass(frozen=True)
class PairEntry:
    """A pair and what became of it. `reason` is why it was turned down, none where it was not."""

    pair: Pair
    reason: str | None
    alignment: Alignment | None


@dataclass(frozen=True)
class PairRecords:
    """The records of a film. `matches` and `alignments` are none where there are none yet."""

    clips: Clips
    choice: PairList
    matches: MatchRecord | None
    alignments: Alignments | None

    @classmethod
    def of(cls, job: Job) -> "PairRecords":
        """The records in a work directory.

        Raises:
            WorkError: ingest or curate has not run, or a record is damaged.
        """
        there = {kind: (job.root / kind.PATH).exists() for kind in (MatchRecord, Alignments)}
        return cls(
            job.clips(),
            job.load(PairList),
            job.load(MatchRecord) if there[MatchRecord] else None,
            job.load(Alignments) if there[Alignments] else None,
        )

    def entries(self) -> list[PairEntry]:
        """Every pair that was considered, by its source frame."""
        found = [PairEntry(one.pair, one.reason, None) for one in self.choice.rejected]
        laid = {one.pair: one for one in self.alignments.admitted} if self.alignments else {}
        refused = (
            {one.pair: one.reason for one in self.alignments.rejected} if self.alignments else {}
        )
        tried = [pair for pair in self.choice.alternates if pair in laid or pair in refused]
        pairs = dict.fromkeys([*self.choice.pairs, *tried])
        found += [PairEntry(pair, refused.get(pair), laid.get(pair)) for pair in pairs]
        return sorted(found, key=lambda entry: (entry.pair.source, entry.reason is not None))

    def shot_of(self, source: int) -> Shot:
        """The shot that a frame of the scan is in."""
        return next(shot for shot in self.choice.shots if source in shot.frames)

    def lag_of(self, pair: Pair) -> float | None:
        """How many frames the moving regions of a frame lie off its match, none without one."""
        if self.matches is None or pair.of not in self.matches.references:
            return None
        place = pair.source - self.matches.frames.first
        found = self.matches.references[pair.of]
        return None if found.reference[place] is None else found.lag[place]

    def named(self, pair: Pair) -> str:
        """The reference frame of a pair, with its reference where there are several; or its
        picture."""
        if pair.reference is None:
            return str(pair.picture)
        several = len(self.clips.references) > 1
        return f"{pair.reference} of {pair.of}" if several else str(pair.reference)

    def overlap(self, alignment: Alignment) -> float:
        """Share of the scan's picture that a laid reference covers."""
        covered, live = alignment.coverage, self.clips.source.live_area
        return covered.width * covered.height / (live.width * live.height)
