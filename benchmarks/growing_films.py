"""Cost of matching by length of the film, on generated proxies that stay on disk.

`references.py --growth` runs this file once for each length:

    python benchmarks/growing_films.py FOLDER FRAMES
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

_LENGTHS = (3_000, 12_000, 48_000)
"""Frames of the films: each four times the one before, to show the growth."""
_SHOT_FRAMES = 120
"""Frames of a shot: 5 s at 24 frames a second."""
_SIZE_PX = (128, 72)
"""Width and height of the proxies."""
_MISSING_SHARE = 1 / 20
"""Share of source frames that the reference lacks, as on a hard DVD."""
_MOVING_DISCS = 6
"""Moving objects in each shot, which show the instant."""


def growth(folder: Path) -> Iterator[str]:
    """Lines of a table, one for each length; each film is matched in a process of its own."""
    yield "| frames | CPU s | CPU ms a frame | own memory, MB | exact of certain | certain |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for length in _LENGTHS:
        process = subprocess.run(
            [sys.executable, __file__, str(folder), str(length)],
            check=True,
            capture_output=True,
            text=True,
        )
        yield process.stdout.strip()


def _make(folder: Path, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source and reference proxies, and the reference frame of each source frame (-1: missing)."""
    draws = np.random.default_rng(1)
    shape = (_SIZE_PX[1], _SIZE_PX[0], 3)
    source = _open(folder / "growing-source.npy", (length, *shape))
    kept = draws.random(length) >= _MISSING_SHARE
    reference = _open(folder / "growing-reference.npy", (int(kept.sum()), *shape))
    truth = np.where(kept, np.cumsum(kept) - 1, -1)
    framing = cv2.getRotationMatrix2D((64, 36), 1.5, 1.1)
    for index in range(length):
        if index % _SHOT_FRAMES == 0:
            scene = _Scene(draws)
        picture = scene.at(index % _SHOT_FRAMES)
        noise = draws.normal(0, 6, shape).astype(np.float32)
        source[index] = np.clip(picture[..., None] * (0.9, 0.6, 0.5) + noise, 0, 255)
        if kept[index]:
            framed = cv2.warpAffine(picture, framing, _SIZE_PX, borderMode=cv2.BORDER_REPLICATE)
            reference[truth[index]] = np.clip(framed, 0, 255)[..., None]
    return source, reference, truth


class _Scene:
    """A static texture with moving discs of another texture."""

    def __init__(self, draws: np.random.Generator) -> None:
        self._background = _texture(draws)
        self._foreground = _texture(draws)
        self._starts = draws.uniform(0, 1, (_MOVING_DISCS, 2)) * _SIZE_PX
        self._speeds = draws.uniform(-1.5, 1.5, (_MOVING_DISCS, 2))

    def at(self, frame: int) -> np.ndarray:
        """The picture at a frame of the shot, float32 (h, w), 0 to 255."""
        mask = np.zeros(_SIZE_PX[::-1], np.float32)
        for start, speed in zip(self._starts, self._speeds, strict=True):
            x, y = (start + speed * frame) % _SIZE_PX
            cv2.circle(mask, (round(x * 16), round(y * 16)), 9 * 16, 1.0, -1, cv2.LINE_AA, 4)
        return np.asarray(self._background * (1 - mask) + self._foreground * mask)


def _texture(draws: np.random.Generator) -> np.ndarray:
    noise = draws.uniform(20, 235, (18, 32)).astype(np.float32)
    return np.asarray(cv2.resize(noise, _SIZE_PX, interpolation=cv2.INTER_CUBIC))


def _open(path: Path, shape: tuple[int, ...]) -> np.memmap:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _own_memory_mb() -> float:
    """Memory of this process in MB without pages of files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def _measure(folder: Path, length: int) -> str:
    from unfade.curate.matching.frames import match_frames
    from unfade.curate.matching.framing import find_framing
    from unfade.curate.shots.cuts import find_cuts

    source, reference, truth = _make(folder, length)
    started, before_mb = time.process_time(), _own_memory_mb()
    shots = find_cuts(source).shots(0)
    framing = find_framing(source, reference, shots, 0)
    peak_mb = [0.0]

    def track(items, label, total):  # type: ignore[no-untyped-def]
        for item in items:
            yield item
            peak_mb[0] = max(peak_mb[0], _own_memory_mb())

    frames = np.arange(len(reference))
    matches = match_frames(
        source, reference, frames, np.ones_like(frames), shots, 0, framing, track
    )
    seconds = time.process_time() - started
    certain = matches.certain
    exact = (matches.reference == truth)[certain].mean()
    return (
        f"| {length} | {seconds:.1f} | {1000 * seconds / length:.2f} | "
        f"{peak_mb[0] - before_mb:.0f} | {exact:.4f} | {certain.mean():.2f} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("frames", type=int)
    options = parser.parse_args()
    print(_measure(options.folder, options.frames))
    for name in ("growing-source.npy", "growing-reference.npy"):
        (options.folder / name).unlink()
