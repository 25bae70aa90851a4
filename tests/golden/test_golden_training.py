"""Training does not change silently: loss curve and output equal the golden ones."""

import json

import pytest

from . import golden_training

CURVE_TOLERANCE = 2e-3
"""Relative. CPUs round differently, and training amplifies it; a change of method is far larger."""

CHROMA_TOLERANCE = 5e-4
"""Absolute, of the range of Cb and Cr; for the same reason."""


def test_the_golden_training_has_not_changed() -> None:
    expected = json.loads(golden_training.GOLDEN_FILE.read_text(encoding="utf-8"))
    actual = golden_training.golden()
    assert actual["loss"] == pytest.approx(expected["loss"], rel=CURVE_TOLERANCE)
    assert actual["held_out"] == pytest.approx(expected["held_out"], rel=CURVE_TOLERANCE)
    assert actual["chroma"] == pytest.approx(expected["chroma"], abs=CHROMA_TOLERANCE)
    assert actual["held_out"][-1] < actual["held_out"][0]
