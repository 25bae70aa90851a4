"""Curate and align do not change silently: their results equal the golden ones."""

import json
from pathlib import Path

import pytest

from . import golden_matching

TOLERANCE_PX = 0.02
"""Pixels, because CPUs round differently; a change of method is far larger."""

TOLERANCE_SHARE = 0.005
"""Similarities, lags, weights and balances, for the same reason."""


def test_the_golden_matching_has_not_changed(tmp_path: Path) -> None:
    expected = json.loads(golden_matching.GOLDEN_FILE.read_text(encoding="utf-8"))
    actual = json.loads(golden_matching.text_of(golden_matching.golden(tmp_path)))
    assert actual["exact"] == expected["exact"]
    for section, tolerance in (("px", TOLERANCE_PX), ("share", TOLERANCE_SHARE)):
        assert actual[section].keys() == expected[section].keys()
        for key, values in expected[section].items():
            assert actual[section][key] == pytest.approx(values, abs=tolerance), key
