"""Claim: the cost of prediction grows with the pixels; it runs at 3 frames a second or more at
2048x1556 on 2 cores, and within 2 GB at 4096x3112.

Each size runs in a process of its own, so that peak memory is measured for each. Familiar pixels
use the memory network, unfamiliar ones the two context networks, which costs more:

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
"""Width and height of the frames."""
FRAMES = 6
"""Frames that are timed; one more before them is not."""
ALL_FAMILIAR, NONE_FAMILIAR = 1e6, 0.0
"""Distances to training, in standard deviations, up to which a pixel counts as familiar."""
GRAIN_VARIANCE = 1e-3
"""Variance of the grain, above zero because the degrain does nothing without grain."""


def main() -> None:
    """Prints frames a second, CPU seconds a frame and peak memory for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    size = parser.parse_args().one
    if size:
        _measure(*size)
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, model of size medium")
    print(
        "| pixels | frames/s, familiar | CPU s a frame | frames/s, unfamiliar | CPU s a frame | "
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
    laws = Laws(law, {}, GRAIN_VARIANCE * torch.eye(3))
    model = ChromaModel("medium", laws, ResidualNetworks("medium"), grade=grade)
    before = _peak()
    picture = torch.rand(3, height, width)
    cells = []
    for limit in (ALL_FAMILIAR, NONE_FAMILIAR):
        model.residual.familiarity.near.fill_(limit)
        model.residual.familiarity.far.fill_(limit)
        model.predict(picture, 1)
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(FRAMES):
            model.predict(picture, 1)
        seconds = (time.perf_counter() - start) / FRAMES
        cells += [f"{1 / seconds:.2f}", f"{(time.process_time() - cpu_start) / FRAMES:.2f}"]
    row = [f"{width}x{height}", *cells, f"{_peak():.2f}", f"{before:.2f}"]
    print(f"| {' | '.join(row)} |", flush=True)


def _peak() -> float:
    """Peak memory of the process, in GB; `ru_maxrss` is in KB on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
