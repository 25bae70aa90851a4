"""Makes a constructed frame a pair of the film: its sheet, and its entry in film.toml."""

from pathlib import Path

from unfade import media
from unfade.construct.assumptions import draw_assumptions
from unfade.construct.frame import ConstructedFrame, expected_colour, picture_file
from unfade.film.wording import counted
from unfade.project.settings import PairSection
from unfade.work.pair_edits import pair_added, valid_text
from unfade.work.project_writing import replace_project_text
from unfade.work.writing import make_folder

_NOTE_LENGTH = 500
"""Characters of the note of a pair, as film.toml takes it."""


def write_sheet(folder: Path, solved: ConstructedFrame) -> Path:
    """Writes the sheet of a constructed frame, with its assumptions, in the folder of film.toml;
    its path."""
    path = picture_file(folder, solved.number).with_suffix(".png")
    make_folder(path.parent)
    media.write_png(path, draw_assumptions(solved))
    return path


def add_pair(project_file: Path, solved: ConstructedFrame) -> None:
    """Makes a constructed frame, whose picture is written, a pair in film.toml.

    Raises:
        ProjectError: film.toml cannot be used, or was changed meanwhile.
    """
    sources = sorted({point.source for point in solved.used})
    section = PairSection(
        source=solved.number,
        reference=picture_file(Path(), solved.number).as_posix(),
        kind="constructed",
        aligned=True,
        note=f"{counted(len(solved.used), 'focal point')}: {', '.join(sources)}"[:_NOTE_LENGTH],
    )
    seen = valid_text(project_file)
    replace_project_text(project_file, seen, pair_added(seen, project_file, section))


def contradictions(solved: ConstructedFrame) -> list[str]:
    """A sentence for each point that contradicts the others."""
    return [
        f"point {one.index + 1} ({solved.points[one.index].colour}, "
        f"{solved.points[one.index].source}) contradicts the others, by which it is "
        f"{expected_colour(solved, one)}, and is left out; correct it or them"
        for one in solved.left_out
    ]
