"""Training does not change silently: loss curve and output equal the golden ones."""

import importlib.util
import json
from pathlib import Path

import pytest

CURVE_TOLERANCE = 2e-3
"""Relative. CPUs round differently, and training amplifies it; a change of method is far larger."""

CHROMA_TOLERANCE = 5e-4
"""Absolute, of the range of Cb and Cr; for the same reason."""


def test_the_golden_training_has_not_changed() -> None:
    path = Path(__file__).with_name("golden_training.py")
    spec = importlib.util.spec_from_file_location("golden_training", path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    expected = json.loads(generator.GOLDEN_FILE.read_text(encoding="utf-8"))
    actual = generator.golden()
    assert actual["loss"] == pytest.approx(expected["loss"], rel=CURVE_TOLERANCE)
    assert actual["held_out"] == pytest.approx(expected["held_out"], rel=CURVE_TOLERANCE)
    assert actual["chroma"] == pytest.approx(expected["chroma"], abs=CHROMA_TOLERANCE)
    assert actual["held_out"][-1] < actual["held_out"][0]
