"""What a run shows: stage, items and time left, on a terminal and in a log, and how it ends."""

import io
import re
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from unfade.commands import console
from unfade.commands.console import ProgressLines, progress
from unfade.commands.display import left_in_words
from unfade.commands.terminal import LiveArea
from unfade.work.progress import RunningStage

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
TRAIN = RunningStage(5, 8, "train", lambda: 234.0)


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def area(written: io.StringIO) -> LiveArea:
    return LiveArea(Console(file=written, force_terminal=True, width=120, markup=False))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "a few seconds left"),
        (14.9, "a few seconds left"),
        (17.0, "about 20 s left"),
        (58.0, "about 1 min left"),
        (131.0, "about 2 min 10 s left"),
        (1000.0, "about 17 min left"),
        (7100.0, "about 1 h 58 min left"),
        (100_000.0, "about 27 h 50 min left"),
    ],
)
def test_the_time_left_is_said_as_finely_as_it_is_known(seconds: float, words: str) -> None:
    assert left_in_words(seconds) == words


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits for another thread, at most 10 s."""
    end_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_terminal_shows_stage_items_and_time_left(area: LiveArea, written: io.StringIO) -> None:
    with area:
        area.enter_stage(TRAIN)
        for item in area.track(range(3), "Sampling pixels", 3):
            if item == 2:
                wait_for(lambda: "2 of 3" in written.getvalue())
    text = written.getvalue()
    assert "stage 5 of 8, train: 0:00:0" in text
    assert "about 3 min 50 s left" in text
    assert "Sampling pixels" in text


def test_a_terminal_is_drawn_while_the_run_computes(area: LiveArea, written: io.StringIO) -> None:
    with area:
        area.enter_stage(TRAIN)
        wait_for(lambda: written.getvalue().count("train the film's model") > 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_run_that_ends_early_leaves_the_terminal_clean(
    error: type[BaseException], area: LiveArea, written: io.StringIO
) -> None:
    def run() -> None:
        with area:
            for _ in area.track(range(3), "Sampling pixels", 3):
                wait_for(lambda: "Sampling pixels" in written.getvalue())
                raise error

    with pytest.raises(error):
        run()
    text = written.getvalue()
    assert text.count(SHOW_CURSOR) == text.count(HIDE_CURSOR) == 1
    assert text.rindex(SHOW_CURSOR) > text.rindex("Sampling pixels")
    length = len(text)
    time.sleep(0.6)
    assert len(written.getvalue()) == length


def test_a_log_gets_sparse_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "MIN_LINE_INTERVAL_S", 0.05)
    with progress(quiet=False) as lines:
        assert isinstance(lines, ProgressLines)
        lines.enter_stage(TRAIN)
        for item in lines.track(range(3), "Sampling pixels", 3):
            time.sleep(0.2 if item == 1 else 0.0)
        time.sleep(0.2)
    text = capsys.readouterr().out
    assert text.isprintable() or set(re.findall(r"[^\x20-\x7e]", text)) == {"\n"}
    so_far = r"0:00:00 so far, about 3 min 50 s left"
    assert re.search(rf"^    stage 5 of 8, train, Sampling pixels: 1 of 3; {so_far}$", text, re.M)
    assert re.search(rf"^    stage 5 of 8, train; {so_far}$", text, re.M)
    assert 3 <= text.count("\n") <= 12


def test_a_log_of_days_has_few_lines() -> None:
    now_s = 0.0
    lines, count = ProgressLines(lambda: now_s), 0
    while now_s < 7 * 24 * 3600:
        now_s += lines.interval_s()
        count += 1
    assert count < 1000


def test_a_log_whose_reader_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the lines of the run itself end it, in the thread of the run."""
    monkeypatch.setattr(console, "MIN_LINE_INTERVAL_S", 0.01)
    tried = []

    def fail(self: ProgressLines, message: str) -> None:
        tried.append(message)
        raise BrokenPipeError

    monkeypatch.setattr(ProgressLines, "say", fail)
    with ProgressLines():
        time.sleep(0.2)
    assert len(tried) == 1


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=True) as silent:
        silent.say("nothing")
        assert list(silent.track("ab", "Sampling pixels", 2)) == ["a", "b"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("term", "kind"), [("dumb", ProgressLines), ("xterm", LiveArea)])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    term: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(output, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", output)
    monkeypatch.setenv("TERM", term)
    with progress(quiet=False) as display:
        assert isinstance(display, kind)
