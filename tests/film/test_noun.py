"""Artefacts: the schema at the start of their text, or elsewhere in it."""

import gc
import json

import pytest

from unfade.film.noun import SchemaError, paused_garbage_collection
from unfade.film.report import Measure, Report

REPORT = Report(verdict="accept", measures=(Measure(name="{", value=1.5, unit='"schema": "x",'),))


def test_a_text_that_names_its_schema_elsewhere_is_read() -> None:
    fields = json.loads(REPORT.to_json())
    last = {key: fields[key] for key in [*fields][::-1]}
    assert next(iter(last)) != "schema"
    for text in (REPORT.to_json(), json.dumps(fields), json.dumps(last)):
        assert Report.from_json(text) == REPORT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (REPORT.to_json().replace("Report.1", "Report.0"), "holds Report.0, expected Report.1"),
        ('{"verdict": "accept", "measures": []}', "holds no schema, expected Report.1"),
        ("[]", "holds no schema, expected Report.1"),
    ],
)
def test_another_schema_is_named(text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        Report.from_json(text)


@pytest.mark.parametrize("text", ["", "{", '{"schema": "Report.1",', '{"schema": "Report.1"'])
def test_a_text_that_is_cut_off_is_no_artefact(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Report.from_json(text)


def test_garbage_collection_goes_on_after_a_pause() -> None:
    with paused_garbage_collection():
        assert not gc.isenabled()
        with paused_garbage_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
