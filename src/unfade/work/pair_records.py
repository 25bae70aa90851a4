"""The records of pairs in the work directory: those of curate and align, combined."""

from dataclasses import dataclass

from unfade.errors import WorkError
from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Clips
from unfade.film.match import MatchRecord
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.work.job import Job


@dataclass(frozen=True)
class PairEntry:
    """A pair and its outcome. `reason` is that of its rejection; None if it was not rejected.

    `alignment` is None if it was rejected, or is not aligned yet.
    """

    pair: Pair
    reason: str | None
    alignment: Alignment | None


@dataclass(frozen=True)
class PairRecords:
    """The records of a film. `matches` and `alignments` are None if no stage has written them."""

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
        exists = {kind: (job.root / kind.PATH).exists() for kind in (MatchRecord, Alignments)}
        return cls(
            job.clips(),
            job.load(PairList),
            job.load(MatchRecord) if exists[MatchRecord] else None,
            job.load(Alignments) if exists[Alignments] else None,
        )

    def entries(self) -> list[PairEntry]:
        """Every chosen, tried or rejected pair, sorted by source frame."""
        entries = [PairEntry(one.pair, one.reason, None) for one in self.choice.rejected]
        admitted, reasons = {}, {}
        if self.alignments is not None:
            admitted = {one.pair: one for one in self.alignments.admitted}
            reasons = {one.pair: one.reason for one in self.alignments.rejected}
        tried = [pair for pair in self.choice.alternates if pair in admitted or pair in reasons]
        pairs = dict.fromkeys([*self.choice.pairs, *tried])
        entries += [PairEntry(pair, reasons.get(pair), admitted.get(pair)) for pair in pairs]
        return sorted(entries, key=lambda entry: (entry.pair.source, entry.reason is not None))

    def shot_of(self, source: int) -> Shot:
        """The shot of a source frame.

        Raises:
            WorkError: no shot has it.
        """
        for shot in self.choice.shots:
            if source in shot.frames:
                return shot
        raise WorkError(
            f"{PairList.PATH}: no shot has source frame {source}; run 'unfade curate' again"
        )

    def match_of(self, source: int) -> tuple[str, int] | None:
        """The reference that shows a source frame best, and its matching frame; None without."""
        if self.matches is None or source not in self.matches.frames:
            return None
        index = source - self.matches.frames.first
        of = self.matches.of[index]
        reference = None if of is None else self.matches.references[of].reference[index]
        return None if of is None or reference is None else (of, reference)

    def is_dropped(self, source: int) -> bool:
        """Whether a person had dropped a source frame when curate ran."""
        if self.matches is None or source not in self.matches.frames:
            return False
        return self.matches.state[source - self.matches.frames.first] == "dropped"

    def lag_of(self, pair: Pair) -> float | None:
        """The offset from the match of a pair, in frames, at which its moving regions fit best.

        It is positive for later reference frames, and None without a match.
        """
        if self.matches is None or pair.of not in self.matches.references:
            return None
        index = pair.source - self.matches.frames.first
        matches = self.matches.references[pair.of]
        return None if matches.reference[index] is None else matches.lag[index]

    def reference_label(self, pair: Pair) -> str:
        """The picture of a pair, or its reference frame: ``"12"``, or with several references
        ``"12 of dvd"``."""
        if pair.reference is None:
            return str(pair.picture)
        several = len(self.clips.references) > 1
        return f"{pair.reference} of {pair.of}" if several else str(pair.reference)

    def overlap(self, alignment: Alignment) -> float:
        """The share, 0 to 1, of the scan's live area that the warped reference covers."""
        covered, live = alignment.coverage, self.clips.source.live_area
        return covered.width * covered.height / (live.width * live.height)
