"""The law of a shot, against a fit to all of its blocks at once, and the memory that it takes."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from unfade.errors import WorkError
from unfade.validate.outliers import shot_evidence
from unfade.validate.outliers.evidence import FrameEvidence, plane_difference
from unfade.validate.outliers.shot_evidence import ShotEvidence
from unfade.validate.outliers.shot_law import (
    FIT_ROUNDS,
    STEADY_RESIDUAL,
    Unsteadiness,
    unsteadiness,
)
from unfade.validate.outliers.smoothing import moving_median

FRAMES = 150
"""Frames of the made-up shot."""

STAINED = range(60, 70)
"""Frames of another colour."""

ROUNDING = 3e-5
"""Largest difference of a mean CIEDE2000 in single precision."""

SKIN_ROUNDING = 3e-4
"""The same of one colour, which no mean reduces."""


def frames(count: int = FRAMES) -> Iterator[FrameEvidence]:
    """A shot whose chroma is a quadratic of the scan's colour, with grain, a stain, a missing
    frame, and frames without a reference or skin."""
    draw = np.random.default_rng(3)
    scene = draw.uniform(0.1, 0.8, (3, 9, 16)) * [[[1.0]], [[0.3]], [[0.3]]] - [
        [[0]],
        [[0.1]],
        [[0.1]],
    ]
    law = draw.normal(0, 0.3, (2, 3))
    for index in range(count):
        source = scene * (1 + 0.1 * np.sin(index / 20)) + draw.normal(0, 0.02, scene.shape)
        chroma = np.einsum("ij,jhw->ihw", law, source) + 0.4 * source[0] * source[1:]
        chroma += draw.normal(0, 0.003, chroma.shape) + 0.02 * (index in STAINED)
        colours = np.concatenate([source.mean(axis=(1, 2)), chroma.mean(axis=(1, 2))])
        x, y = draw.normal(0, 0.01, 2).tolist()
        yield FrameEvidence(
            frame=1001 + index + (index > 100),
            shot=1,
            wrong=1.0,
            offset=(np.nan, np.nan) if index % 40 == 7 else (x, y),
            shift=(0.0, 0.0),
            unsupported=0.0,
            band=0.0,
            plateau=0.0,
            source_blocks=source.astype(np.float32),
            blocks=chroma.astype(np.float32),
            skin=None if index % 9 == 0 else colours,
            rim=(1.0, 1.0, 1.0, 1.0),
        )


def taken(folder: Path, count: int = FRAMES) -> ShotEvidence:
    shot = ShotEvidence(folder)
    for one in frames(count):
        shot.add(one, 1.0)
    return shot


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks go to disk after 10 frames, and are worked on 16 at a time."""
    monkeypatch.setattr(shot_evidence, "MAX_HELD_BYTES", 30_000)
    monkeypatch.setattr(shot_evidence, "CHUNK_FRAMES", 16)


def visible(chroma: np.ndarray, source: np.ndarray, change: np.ndarray) -> np.ndarray:
    """CIEDE2000 of each frame, one after the other."""
    return np.array(
        [
            plane_difference(one[:1], cbcr, cbcr - error).mean()
            for one, cbcr, error in zip(source, chroma, change, strict=True)
        ]
    )


def at_once() -> Unsteadiness:
    """The same figures from all blocks of the shot at once, by singular values."""
    every = [*frames()]
    source, chroma = (
        np.stack([getattr(one, name) for one in every]) for name in ("source_blocks", "blocks")
    )
    y, cb, cr = source.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, FRAMES, -1)
    powers = [(i, j, k) for i in range(3) for j in range(3) for k in range(3) if i + j + k < 3]
    terms = np.stack([y**i * cb**j * cr**k for i, j, k in powers], axis=-1)
    target = chroma.astype(np.float64).reshape(FRAMES, 2, -1).transpose(0, 2, 1)
    weight = np.ones(FRAMES)
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(weight)[:, None, None]
        law = np.linalg.pinv((root * terms).reshape(-1, 10)) @ (root * target).reshape(-1, 2)
        residual = target - terms @ law
        weight = 1 / (1 + (np.linalg.norm(residual.mean(axis=1), axis=1) / STEADY_RESIDUAL) ** 2)
    left = residual.transpose(0, 2, 1).reshape(chroma.shape)
    offset = np.array([one.offset for one in every])[:, :, None, None] + np.zeros_like(left)
    numbers = np.array([one.frame for one in every])
    drift = visible(chroma, source, left)
    flickers = []
    for distance in (left, offset):
        change = np.zeros_like(distance)
        for i in range(1, FRAMES - 1):
            if numbers[i + 1] - numbers[i - 1] == 2:
                change[i] = distance[i] - (distance[i - 1] + distance[i + 1]) / 2
        seen = visible(chroma, source, np.nan_to_num(change))
        seen[np.isnan(change).any(axis=(1, 2, 3))] = np.nan
        flickers.append(moving_median(seen, 5))
    return Unsteadiness(np.maximum(drift - np.median(drift), 0), *flickers, skin_at_once(every))


def skin_at_once(every: list[FrameEvidence]) -> np.ndarray:
    rows = np.array([one.skin for one in every if one.skin is not None])
    centre = np.median(rows[:, 3:], axis=0)
    terms = np.column_stack([np.ones(len(rows)), rows[:, :3]])
    error = rows[:, 3:] - centre - terms @ np.linalg.pinv(terms, 1e-3) @ (rows[:, 3:] - centre)
    drifts = iter(visible(rows[:, 3:, None, None], rows[:, :1, None, None], error[..., None, None]))
    return np.array([np.nan if one.skin is None else next(drifts) for one in every])


@pytest.mark.parametrize("pieces", [False, True])
def test_a_law_in_pieces_is_that_of_the_whole_shot(
    tmp_path: Path, request: pytest.FixtureRequest, pieces: bool
) -> None:
    if pieces:
        request.getfixturevalue("in_pieces")
    found, expected = unsteadiness(taken(tmp_path)), at_once()
    np.testing.assert_allclose(found.drift, expected.drift, atol=ROUNDING)
    np.testing.assert_allclose(found.flicker, expected.flicker, atol=ROUNDING)
    np.testing.assert_allclose(found.reference_flicker, expected.reference_flicker, atol=ROUNDING)
    np.testing.assert_allclose(found.skin, expected.skin, atol=SKIN_ROUNDING)
    assert found.drift[STAINED].min() > 3 * found.drift[: STAINED.start].max()


@pytest.mark.usefixtures("in_pieces")
def test_memory_does_not_grow_with_the_shot(tmp_path: Path) -> None:
    unsteadiness(taken(tmp_path, 20))
    peaks = []
    for count in (100, 400):
        tracemalloc.start()
        unsteadiness(taken(tmp_path, count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 300 * 500, "500 bytes a frame, against 3 KB of block means"


@pytest.mark.usefixtures("in_pieces")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match=r"lost: a temporary file cannot be written .*free space"):
        taken(tmp_path / "lost")


def test_a_very_short_shot_is_steady(tmp_path: Path) -> None:
    found = unsteadiness(taken(tmp_path, 4))
    assert not found.drift.any()
    assert np.isnan(found.skin).all()
