"""Training does not change silently: the curve and the output are those that were looked at."""

import importlib.util
import json
from pathlib import Path

import pytest

# Other processors round otherwise, and training amplifies it; a change of method is far larger.
CURVE_TOLERANCE = 2e-3
CHROMA_TOLERANCE = 5e-4


def test_the_golden_training_is_what_it_was() -> None:
    path = Path(__file__).with_name("golden_training.py")
    spec = importlib.util.spec_from_file_location("golden_training", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    kept, found = json.loads(made.PLACE.read_text(encoding="utf-8")), made.golden()
    assert found["loss"] == pytest.approx(kept["loss"], rel=CURVE_TOLERANCE)
    assert found["held_out"] == pytest.approx(kept["held_out"], rel=CURVE_TOLERANCE)
    assert found["chroma"] == pytest.approx(kept["chroma"], abs=CHROMA_TOLERANCE)
    assert found["held_out"][-1] < found["held_out"][0]
