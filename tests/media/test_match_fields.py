"""Fields of a telecined film are woven to film frames again."""

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unfade.media.movies.weaving import match_fields

from ..fixtures import Telecine

LINES, WIDTH = 6, 8


@given(st.lists(st.integers(2, 5), min_size=2, max_size=8), st.booleans(), st.integers(0, 100))
def test_every_frame_has_both_fields_of_its_film_frame(
    field_counts: list[int], top_first: bool, first: int
) -> None:
    movie = Telecine.of(field_counts, top_first=top_first)
    stored = enumerate(map(_frame, movie.top, movie.bottom), start=first)
    woven = list(match_fields(stored, movie.cadence().weave, first))
    assert [number for number, _ in woven] == [first + index for index in range(len(movie.top))]
    for (_, frame), weave, film_frame in zip(woven, movie.cadence().weave, movie.top, strict=True):
        codes = frame.to_ndarray()
        assert weave != "x" or (codes[0::2] == film_frame).all()
        assert weave == "x" or (codes == film_frame).all()


def _frame(top: int, bottom: int) -> av.VideoFrame:
    codes = np.full((LINES, WIDTH), top, np.uint8)
    codes[1::2] = bottom
    return av.VideoFrame.from_ndarray(codes, format="gray")
