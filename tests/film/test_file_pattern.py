"""File patterns: written and read again, for any name and padding."""

import os

from hypothesis import given
from hypothesis import strategies as st

from unfade.film.file_pattern import FilePattern, parse_file_pattern

part = st.text("ad019é ._-#", max_size=12)
folder = st.sampled_from(["", "/", "scan/", "/reel %d/#3/", "50%/"])
frame_number = st.integers(0, 10**9)
patterns = st.builds(
    lambda folder, start, width, suffix: FilePattern(folder + start, width, suffix),
    folder,
    part,
    st.integers(1, 255),
    part,
)


@given(patterns)
def test_a_pattern_is_read_as_it_is_written(pattern: FilePattern) -> None:
    assert parse_file_pattern(str(pattern)) == pattern


@given(folder, part, st.integers(2, 255), part)
def test_hashes_are_digits(folder: str, start: str, width: int, suffix: str) -> None:
    start, suffix = start.replace("#", "_"), suffix.replace("#", "_")
    pattern = parse_file_pattern(f"{folder}{start}{'#' * width}{suffix}")
    assert pattern == FilePattern(folder + start, width, suffix)


@given(patterns, frame_number)
def test_the_number_of_a_frame_is_found_in_its_name(pattern: FilePattern, frame: int) -> None:
    assert pattern.number_in(os.path.basename(pattern.path(frame))) == frame


@given(patterns, frame_number)
def test_numbers_are_padded_to_the_width(pattern: FilePattern, frame: int) -> None:
    path = pattern.path(frame)
    digits = path[len(pattern.prefix) : len(path) - len(pattern.suffix)]
    assert len(digits) == max(pattern.width, len(str(frame)))
    assert int(digits) == frame


@given(patterns, frame_number, st.integers(1, 255))
def test_a_number_of_another_padding_is_not_found(
    pattern: FilePattern, frame: int, width: int
) -> None:
    other = FilePattern(pattern.prefix, width, pattern.suffix).path(frame)
    found = pattern.number_in(os.path.basename(other))
    assert found == (frame if other == pattern.path(frame) else None)


@given(patterns, st.text("0123456789-.٣²a", max_size=8))
def test_only_names_of_the_pattern_have_a_number(pattern: FilePattern, middle: str) -> None:
    name = f"{os.path.basename(pattern.prefix)}{middle}{pattern.suffix}"
    number = pattern.number_in(name)
    assert number is None or os.path.basename(pattern.path(number)) == name
