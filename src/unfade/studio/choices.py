"""The choices of a person about pairs: edits of film.toml, which can be undone."""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

from unfade.errors import ProjectError
from unfade.film.control_points import ControlPoint
from unfade.film.pair import PairRole
from unfade.film.wording import counted
from unfade.project.edit import without_choice
from unfade.project.file import parse_project, section_of_options
from unfade.project.settings import PairSection
from unfade.work.job import Job
from unfade.work.pair_edits import check_frames, job_of, pair_added, pair_dropped
from unfade.work.pair_records import PairRecords
from unfade.work.project_writing import replace_project_text, seen_text, text_digest

KEPT_CHOICES = 200
"""Choices of a film that can be undone: more than a sitting makes, a few MB of text."""

ROLE_WORDS: dict[PairRole, str] = {
    "train": "is a training pair",
    "holdout": "is held out",
    "test": "is a test pair",
}
"""What a pair is, for sentences."""


@dataclass(frozen=True)
class Choice:
    """An edit of film.toml: the sentence about it, and the text before and after."""

    words: str
    before: str
    after: str


class Choices:
    """Edits the film.toml of films, and undoes the edits, the last one first."""

    def __init__(self) -> None:
        self._made: defaultdict[Path, deque[Choice]] = defaultdict(
            lambda: deque(maxlen=KEPT_CHOICES)
        )
        self._lock = Lock()

    def make(
        self, project_file: Path, seen: str, edit: Callable[[str], tuple[str, str]]
    ) -> tuple[str, str]:
        """Edits a film.toml.

        Args:
            project_file: its path.
            seen: the digest of the text that the person has seen.
            edit: gives the sentence about the edit, and the new text, from the old one.

        Returns:
            The sentence, and the digest of the new text.

        Raises:
            ProjectError: the file is not what the person has seen, or the choice cannot be made.
            WorkError: the file cannot be written.
        """
        before = seen_text(project_file, seen)
        words, after = edit(before)
        parse_project(after, project_file)
        with self._lock:
            replace_project_text(project_file, before, after)
            if after != before:
                self._made[project_file].append(Choice(words, before, after))
        return words, text_digest(after)

    def undo(self, project_file: Path, seen: str) -> tuple[str, str]:
        """Undoes the last edit, if film.toml still is what it wrote.

        Returns:
            The sentence about the edit, and the digest of the text that is restored.

        Raises:
            ProjectError: there is no such edit, or the file was changed since.
            WorkError: the file cannot be written.
        """
        text = seen_text(project_file, seen)
        with self._lock:
            made = self._made[project_file]
            if not made:
                raise ProjectError(
                    "there is nothing left to undo since the studio started; change the pair itself"
                )
            if made[-1].after != text:
                raise ProjectError(
                    f"{project_file}: was changed elsewhere after the last choice here, which "
                    "cannot be undone alone; change the pair itself"
                )
            replace_project_text(project_file, text, made[-1].before)
            choice = made.pop()
        return choice.words, text_digest(choice.before)

    def last(self, project_file: Path, text: str) -> str | None:
        """The sentence about the edit that `undo` would undo; None if there is none."""
        with self._lock:
            made = self._made[project_file]
            return made[-1].words if made and made[-1].after == text else None


@dataclass(frozen=True)
class PairEditor:
    """Edits one text of a film.toml. `records` are None before curate has run."""

    project_file: Path
    text: str
    records: PairRecords | None

    def drop(self, source: int) -> tuple[str, str]:
        """A frame is no pair, whoever chose it."""
        text = pair_dropped(self.text, self.project_file, source)
        return f"source frame {source} is dropped", text

    def leave(self, source: int) -> tuple[str, str]:
        """A frame is left to the machine."""
        check_frames(self._job, source)
        text = without_choice(self.text, source)
        return f"source frame {source} is left to the machine", text

    def set_role(self, source: int, role: PairRole) -> tuple[str, str]:
        """The pair at a frame gets a role; a frame that is no pair becomes one by its match."""
        section = self.section(source).model_copy(update={"role": role})
        return f"source frame {source} {ROLE_WORDS[role]}", self._with(section)

    def nudge(self, source: int, steps: int) -> tuple[str, str]:
        """The pair at a frame takes a later or an earlier frame of its reference, on which its
        control points do not lie.

        Raises:
            ProjectError: it has a picture, or the reference ends there.
        """
        section = self.section(source)
        if not isinstance(section.reference, int):
            raise ProjectError(
                f"the pair at source frame {source} has a picture, which has no next frame; add "
                "the pair with another picture"
            )
        reference = self._stepped(section, section.reference, steps)
        words = f"source frame {source} has reference frame {reference}"
        if section.points:
            words += "; its control points were removed, because it lies otherwise now"
        section = section.model_copy(update={"reference": reference, "points": ()})
        return words, self._with(section)

    def place(
        self,
        source: int,
        points: tuple[ControlPoint, ...],
        reference: int | None = None,
        of: str | None = None,
    ) -> tuple[str, str]:
        """The pair at a frame is placed by control points; without any, as the machine finds it.

        Args:
            source: the frame number in the scan.
            points: the control points.
            reference: the frame number in the reference; None for a picture of film.toml.
            of: the name of the reference.

        Raises:
            ProjectError: there is no such pair.
        """
        section = self.section(source)
        if reference is not None and of is not None and not self._shows(section, reference, of):
            self._check_name(of)
            section = self._direct(source, of, reference, section.role)
        section = section.model_copy(update={"points": points, "aligned": False})
        how = f"by {counted(len(points), 'control point')}" if points else "as the machine finds it"
        return f"source frame {source} is placed {how}", self._with(section)

    def add(self, **fields: object) -> tuple[str, str]:
        """Adds a pair, or replaces the one at its source frame. `fields` are those of [[pair]]; the
        name of the only reference may be among them.

        Raises:
            ProjectError: a field is not valid, or there is no such reference or frame.
        """
        of = fields.pop("of", None)
        if isinstance(of, str):
            self._check_name(of)
            fields["of"] = self._written_name(of)
        section = _section(**fields)
        return f"source frame {section.source} {ROLE_WORDS[section.role]}", self._with(section)

    def section(self, source: int) -> PairSection:
        """The pair at a frame as a person would write it: that of film.toml, else the machine's,
        else the frame with its match.

        Raises:
            ProjectError: the frame has no pair and no match.
        """
        fixed = next((one for one in self._job.project.pair if one.source == source), None)
        if fixed is not None:
            return fixed
        pair = self._recorded(source)
        if pair is None:
            raise ProjectError(
                f"source frame {source} has no match in a reference; add the pair with both frames"
            )
        return pair

    def _check_name(self, of: str) -> None:
        names = [one.name for one in self._job.project.reference]
        if of not in names:
            choice = " or ".join(names) if names else "a picture, because the film has none"
            raise ProjectError(f"there is no reference '{of}'; choose {choice}")

    def _shows(self, section: PairSection, reference: int, of: str) -> bool:
        return section.reference == reference and self._job.project.reference_of(section) == of

    @cached_property
    def _job(self) -> Job:
        return job_of(self.text, self.project_file)

    def _recorded(self, source: int) -> PairSection | None:
        if self.records is None or source not in self.records.clips.source.frames:
            return None
        entries = [one for one in self.records.entries() if one.pair.source == source]
        entries.sort(key=lambda one: one.reason is not None)
        for pair in (entry.pair for entry in entries):
            if pair.reference is not None and pair.of is not None:
                return self._direct(source, pair.of, pair.reference, pair.role)
        matched = self.records.match_of(source)
        return matched and self._direct(source, *matched, "train")

    def _direct(self, source: int, of: str, reference: int, role: PairRole) -> PairSection:
        name = self._written_name(of)
        return _section(source=source, reference=reference, of=name, role=role)

    def _written_name(self, of: str | None) -> str | None:
        """The name of a reference as film.toml has it: none if there is one reference."""
        return of if len(self._job.project.reference) > 1 else None

    def _with(self, section: PairSection) -> str:
        return pair_added(self.text, self.project_file, section)

    def _stepped(self, section: PairSection, reference: int, steps: int) -> int:
        """The film frame that lies some steps after a reference frame; repeats are passed over."""
        name = self._job.project.reference_of(section)
        clip = self.records.clips.references.get(str(name)) if self.records else None
        if clip is None:
            return reference + steps
        frames = clip.film_frames()
        if steps > 0:
            reachable = frames[bisect_right(frames, reference) :][:steps]
        else:
            reachable = frames[: bisect_left(frames, reference)][steps:][::-1]
        if len(reachable) < abs(steps):
            end, other = ("last", "earlier") if steps > 0 else ("first", "later")
            raise ProjectError(
                f"{clip.path}: frame {reference} is its {end} film frame; choose an {other} one"
            )
        return reachable[-1]


def _section(**fields: object) -> PairSection:
    """
    Raises:
        ProjectError: a field is not valid.
    """
    names = {name: name for name in PairSection.model_fields}
    return section_of_options(PairSection, names, **fields)
