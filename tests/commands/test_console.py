"""Names are shown on a terminal as they are."""

import io
import sys

import pytest

from unfade.commands import app as cli
from unfade.commands import console
from unfade.commands.console import ProgressLines
from unfade.commands.terminal import ProgressBars, terminal

NAME = "reel [b] [/b] [1976] :smile: 50%"


def test_a_terminal_shows_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FORCE_COLOR", "1")
    bars = ProgressBars(terminal())
    bars.say(f"{NAME}: is there")
    assert list(bars.track([1, 2], NAME, 2)) == [1, 2]
    shown = capsys.readouterr().out
    assert f"{NAME}: is there" in shown
    assert shown.count(NAME) >= 2


def test_output_takes_names_that_are_no_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    console.show_all_names()
    ProgressLines().say("r\udce9el: is there")
    assert written.getvalue() == b"r\\udce9el: is there\n"


def test_names_on_the_command_line_that_are_no_utf8(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["unfade", "new", "w", "--source", "r\udce9el.mkv"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "r\\xe9el.mkv: its name has bytes that are not UTF-8" in capsys.readouterr().err
