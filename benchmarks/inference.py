"""Claim: colouring costs in proportion to the pixels, at least 3 frames a second at 2048x1556 on
2 cores, within 2 GB at 4096x3112.

Every size runs in a process of its own, so that its peak memory is its own. Frames like those of
training are coloured from memory; what is strange is guessed by two, which costs more:

    python benchmarks/inference.py
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time

SIZES = ((1024, 778), (2048, 1556), (4096, 3112))
FRAMES = 6
FAMILIAR = 1e6
"""A distance that nothing exceeds."""

GRAIN = 1e-3
"""Variance of the grain, so that the degrain has work to do."""


def main() -> None:
    """Prints frames and CPU seconds, and peak memory, of each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    one = parser.parse_args().one
    if one:
        _measure(*one)
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, model of size medium")
    print(
        "| pixels | frames/s, familiar | CPU s a frame | frames/s, strange | CPU s a frame | "
        "peak memory, GB | of it before the first frame |"
    )
    print("| --- " * 7 + "|")
    for width, height in SIZES:
        subprocess.run([sys.executable, __file__, "--one", str(width), str(height)], check=True)


def _measure(width: int, height: int) -> None:
    from unfade.commands.runtime import configure_process

    configure_process()
    import torch

    from unfade.film.balance import Balance
    from unfade.model import ChromaModel, ResidualNetworks
    from unfade.model.closed_form.laws import Law, Laws
    from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut

    torch.manual_seed(0)
    nodes = torch.rand(2, NODES, NODES, NODES) * 0.1
    law = Law(SmoothLut(nodes), SpreadLut(SmoothLut(nodes), Axes(torch.eye(3), torch.zeros(3, 1))))
    grade = Balance(lift=(-0.3, -0.1, -0.1), gamma=(0.9, 1.1, 1.0), gain=(1.1, 1.1, 1.1))
    laws = Laws(law, {}, GRAIN * torch.eye(3))
    model = ChromaModel("medium", laws, ResidualNetworks("medium"), grade=grade)
    before = _peak()
    picture = torch.rand(3, height, width)
    cells = []
    for limit in (FAMILIAR, 0.0):
        model.residual.familiarity.near.fill_(limit)
        model.residual.familiarity.far.fill_(limit)
        model.predict(picture, 1)
        start, used = time.perf_counter(), time.process_time()
        for _ in range(FRAMES):
            model.predict(picture, 1)
        seconds = (time.perf_counter() - start) / FRAMES
        cells += [f"{1 / seconds:.2f}", f"{(time.process_time() - used) / FRAMES:.2f}"]
    row = [f"{width}x{height}", *cells, f"{_peak():.2f}", f"{before:.2f}"]
    print(f"| {' | '.join(row)} |", flush=True)


def _peak() -> float:
    """Peak memory of the process, in GB; `ru_maxrss` is in KB on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
