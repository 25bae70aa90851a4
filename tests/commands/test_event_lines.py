import json
import time

import pytest

from unfade.commands.console import progress
from unfade.commands.event_lines import EventLines
from unfade.work.progress import RunningStage


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_message_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False, events=True) as display:
        display.say('a "title" of\ntwo lines')

    assert events(capsys) == [{"say": 'a "title" of\ntwo lines'}]


def test_the_state_names_stage_step_and_time_left() -> None:
    display = EventLines()
    assert set(display.state().values()) == {None}

    display.enter_stage(RunningStage(5, 8, "train", lambda: 61.6))
    items = display.track("abc", "Reading pairs", 3)
    next(items)
    next(items)

    assert display.state() == {
        "stage": "train",
        "number": 5,
        "count": 8,
        "label": "Reading pairs",
        "done": 1,
        "total": 3,
        "left_s": 62,
    }


def test_a_state_is_printed_while_the_run_works_and_not_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfade.commands.event_lines.EVENT_INTERVAL_S", 0.01)
    with EventLines() as display:
        display.enter_stage(RunningStage(1, 8, "ingest", lambda: 5.0))
        deadline = time.monotonic() + 10
        printed: list[dict[str, object]] = []
        while not any(one.get("stage") == "ingest" for one in printed):
            assert time.monotonic() < deadline
            time.sleep(0.02)
            printed += events(capsys)
        time.sleep(0.1)
        printed += events(capsys)

    assert sum(one.get("stage") == "ingest" for one in printed) == 1
