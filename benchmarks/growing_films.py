"""How the cost of matching grows with the length of a film: made-up proxies, never whole in
memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

_LENGTHS = (3_000, 12_000, 48_000)
_SHOT = 120  # frames
_SIZE = (128, 72)  # pixels
_LOST = 20  # of so many frames the reference lacks one
_MOVERS = 6


def growth(folder: Path) -> Iterator[str]:
    """Lines of a table: films of growing length, each matched in a process of its own."""
    yield "| frames | CPU s | CPU ms a frame | own memory, MB | exact of certain | certain |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for length in _LENGTHS:
        told = subprocess.run(
            [sys.executable, __file__, str(folder), str(length)],
            check=True,
            capture_output=True,
            text=True,
        )
        yield told.stdout.strip()


def _make(folder: Path, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A source and a reference of moving textures, and the reference's frame of each source
    frame, -1 where it was lost."""
    draws = np.random.default_rng(1)
    shape = (_SIZE[1], _SIZE[0], 3)
    source = _open(folder / "growing-source.npy", (length, *shape))
    kept = draws.random(length) >= 1 / _LOST
    reference = _open(folder / "growing-reference.npy", (int(kept.sum()), *shape))
    truth = np.where(kept, np.cumsum(kept) - 1, -1)
    turn = cv2.getRotationMatrix2D((64, 36), 1.5, 1.1)
    for index in range(length):
        if index % _SHOT == 0:
            scene = _Scene(draws)
        picture = scene.at(index % _SHOT)
        noise = draws.normal(0, 6, shape).astype(np.float32)
        source[index] = np.clip(picture[..., None] * (0.9, 0.6, 0.5) + noise, 0, 255)
        if kept[index]:
            seen = cv2.warpAffine(picture, turn, _SIZE, borderMode=cv2.BORDER_REPLICATE)
            reference[truth[index]] = np.clip(seen, 0, 255)[..., None]
    return source, reference, truth


class _Scene:
    """A resting texture before which patches of another move."""

    def __init__(self, draws: np.random.Generator) -> None:
        self._ground = _texture(draws)
        self._patches = _texture(draws)
        self._starts = draws.uniform(0, 1, (_MOVERS, 2)) * _SIZE
        self._speeds = draws.uniform(-1.5, 1.5, (_MOVERS, 2))

    def at(self, frame: int) -> np.ndarray:
        """The picture, float32 (h, w)."""
        mask = np.zeros(_SIZE[::-1], np.float32)
        for start, speed in zip(self._starts, self._speeds, strict=True):
            x, y = (start + speed * frame) % _SIZE
            cv2.circle(mask, (round(x * 16), round(y * 16)), 9 * 16, 1.0, -1, cv2.LINE_AA, 4)
        return np.asarray(self._ground * (1 - mask) + self._patches * mask)


def _texture(draws: np.random.Generator) -> np.ndarray:
    noise = draws.uniform(20, 235, (18, 32)).astype(np.float32)
    return np.asarray(cv2.resize(noise, _SIZE, interpolation=cv2.INTER_CUBIC))


def _open(path: Path, shape: tuple[int, ...]) -> np.memmap:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _own_memory() -> float:
    """MB of this process that are not pages of files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def _measure(folder: Path, length: int) -> str:
    from unfade.curate.matching.frames import match_frames
    from unfade.curate.matching.framing import find_framing
    from unfade.curate.shots.cuts import find_cuts

    source, reference, truth = _make(folder, length)
    started, before = time.process_time(), _own_memory()
    shots = find_cuts(source).shots(0)
    framing = find_framing(source, reference, shots, 0)
    peak = [0.0]

    def watched(items, label, total):  # type: ignore[no-untyped-def]
        for item in items:
            yield item
            peak[0] = max(peak[0], _own_memory())

    every = np.arange(len(reference))
    matches = match_frames(
        source, reference, every, np.ones_like(every), shots, 0, framing, watched
    )
    seconds = time.process_time() - started
    certain = matches.certain
    exact = (matches.reference == truth)[certain].mean()
    return (
        f"| {length} | {seconds:.1f} | {1000 * seconds / length:.2f} | {peak[0] - before:.0f} | "
        f"{exact:.4f} | {certain.mean():.2f} |"
    )


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(_measure(place, int(sys.argv[2])))
    for name in ("growing-source.npy", "growing-reference.npy"):
        (place / name).unlink()
