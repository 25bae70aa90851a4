"""Text on a canvas, drawn in several threads."""

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from unfade.drawing.canvas import blank_canvas, set_text


def test_text_is_the_same_from_several_threads() -> None:
    def labelled(_: int) -> Tensor:
        canvas = blank_canvas(40, 160)
        for line in range(4):
            set_text(canvas, f"Frame {line}", 4, 10 * line + 9, size=9 + line)
        return canvas

    alone = labelled(0)
    with ThreadPoolExecutor(8) as pool:
        assert all(torch.equal(one, alone) for one in pool.map(labelled, range(2000)))
