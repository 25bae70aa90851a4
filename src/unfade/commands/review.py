"""Prints outliers and rounds of improvement."""

from pathlib import Path

from unfade import api
from unfade.commands.console import tell
from unfade.commands.terminal import plain_table, show
from unfade.film.improvement import Improvement
from unfade.film.report import Report
from unfade.film.wording import counted
from unfade.work.progress import Progress


def validated(project_file: Path, display: Progress) -> api.Film:
    """A film whose stages up to validate are fresh."""
    film = api.open(project_file)
    film.run(last="validate", progress=display)
    return film


def show_outliers(film: api.Film) -> None:
    """Prints a table of outliers, and where their sheet is."""
    runs = film.report.outliers
    if not runs:
        tell("no frame is an outlier")
        return
    table = plain_table("shot", "frames", "kind", "worst", "CIEDE2000", "pair that would mend it")
    for run in runs:
        visible = "" if run.ciede2000 is None else f"{run.ciede2000:.1f}"
        mend = f"{run.mend.source} with {run.mend.reference} of {run.mend.of}" if run.mend else ""
        table.add_row(str(run.shot), run.frames_in_words(), run.kind, str(run.worst), visible, mend)
    show(table)
    for run in runs:
        tell(f"{run.frames_in_words()}: {run.why}")
    folder = film.folder / Path(Report.PATH).parent
    tell(f"sheet: {folder / 'outliers.png'}")
    if any(run.mend for run in runs):
        tell(f"to add the pairs that help: unfade improve {film.path}")


def show_rounds(improvement: Improvement, film: api.Film) -> None:
    """Prints the figures of the rounds side by side, and why they ended."""
    table = plain_table(
        "round", "added", "training pairs", "held-out", "test", "outlier frames", "verdict"
    )
    for one in improvement.rounds:
        table.add_row(
            str(one.number),
            str(len(one.added)),
            str(one.pairs),
            f"{one.held_out:.3f}",
            "" if one.tested is None else f"{one.tested:.3f}",
            "" if one.outliers is None else str(one.outliers),
            one.verdict or "undone",
        )
    show(table)
    added = sum(len(one.added) for one in improvement.rounds if one.kept)
    tell(f"{counted(added, 'pair')} added; {improvement.ended}")
    tell(f"verdict: {film.report.verdict}")
    tell(f"report: {(film.folder / Report.PATH).with_suffix('.html')}")
