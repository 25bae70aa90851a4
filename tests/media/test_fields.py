"""The field structure of a movie is detected from its pictures, with the header as prior."""

from collections.abc import Callable, Iterable
from math import inf

import av
import cv2
import numpy as np
import pytest

from unfade.media.movies.combing import CombEnergies, FieldMeter
from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.media.movies.fields import DetectedFields, HeaderFields, detect_fields, header_fields

FRAMES = 24
WIDTH = 320
HEADERS = ("progressive", "unknown", "top", "bottom")

Picture = Callable[[int], np.ndarray]


def street(lines: int) -> Picture:
    """A texture that pans by 3 pixels an instant, with a falling disc in front."""
    draws = np.random.default_rng(3)
    wide = draws.normal(0, 1, (lines, 2 * WIDTH)).astype(np.float32)
    wide = 110 + 400 * cv2.GaussianBlur(wide, (0, 0), 4)

    def picture(instant: int) -> np.ndarray:
        frame = np.roll(wide, -3 * instant, axis=1)[:, :WIDTH].copy()
        cv2.circle(frame, (80 + 2 * instant, 40 + instant), 24, 220.0, -1, cv2.LINE_AA)
        return np.clip(frame, 16, 235)

    return picture


def line_art(lines: int) -> Picture:
    """Horizontal lines of one pixel, two apart, with an outline that crosses them."""

    def picture(instant: int) -> np.ndarray:
        frame = np.full((lines, WIDTH), 220, np.float32)
        frame[::3] = 40
        cv2.circle(frame, (60 + 5 * instant, lines // 2 + instant), 40, 20.0, 1, cv2.LINE_AA)
        return frame

    return picture


def outline(instant: int) -> np.ndarray:
    """A thin circle on plain paper that moves by more than the width of its line."""
    frame = np.full((360, WIDTH), 220, np.float32)
    cv2.circle(frame, (60 + 5 * instant % 200, 180), 90, 20.0, 1, cv2.LINE_AA)
    return frame


def grained(picture: Picture, deviation: float) -> Picture:
    """The picture with independent grain in each instant; `deviation` is in codes."""

    def noisy(instant: int) -> np.ndarray:
        draws = np.random.default_rng(instant)
        clean = picture(instant)
        return clean + deviation * draws.standard_normal(clean.shape)

    return noisy


def blinds(period: float, weave: float, pan: float = 0.0, grain: float = 4.0) -> Picture:
    """A street of which a tenth shows horizontal lines, as blinds do.

    `period` is the distance of the lines, `weave` the standard deviation of the gate weave and
    `pan` the vertical motion a frame, all in scan lines; `grain` is in codes.
    """
    plain = street(360)
    sway = np.random.default_rng(5).normal(0, weave, 2 * FRAMES)

    def picture(instant: int) -> np.ndarray:
        lines = np.arange(360)[:, None] + sway[instant] + pan * instant
        frame = cv2.warpAffine(
            plain(0), np.array([[1, 0, 0], [0, 1, -sway[instant]]]), (WIDTH, 360)
        )
        frame[60:170, 100:210] = (130 + 50 * np.sin(2 * np.pi * lines / period))[60:170]
        cv2.circle(frame, (220 + 2 * instant, 250), 40, 200.0, -1, cv2.LINE_AA)
        return cv2.GaussianBlur(frame, (0, 0), 0.6)

    return grained(picture, grain)


def credit_roll(speed: int) -> Picture:
    """Hard-edged titles that roll up by `speed` lines an instant."""
    tall = np.full((900, WIDTH), 16, np.uint8)
    for row in range(30):
        at = (20, 30 * row + 20)
        cv2.putText(tall, f"DIRECTED BY {row}", at, cv2.FONT_HERSHEY_PLAIN, 1.2, 235.0, 1)
    return lambda instant: tall[speed * instant : speed * instant + 360]


def detect(
    picture: Picture, stored: Iterable[tuple[int, int]], header: str = "unknown"
) -> DetectedFields:
    """The result for frames whose top and bottom fields show the instants `stored`."""
    return detect_fields(measured(picture, stored), header)


def measured(picture: Picture, stored: Iterable[tuple[int, int]]) -> FieldMeter:
    meter = FieldMeter()
    for top, bottom in stored:
        luma = picture(top).copy()
        luma[1::2] = picture(bottom)[1::2]
        codes = np.clip(luma, 0, 255).round().astype(np.uint8)
        meter.add(DecodedFrame.of(av.VideoFrame.from_ndarray(codes, "gray")))
    return meter


def assert_as_stored(picture: Picture) -> None:
    """Asserts that progressive frames are left as stored, whatever the header says."""
    meter = measured(picture, progressive())
    for header in HEADERS:
        detected = detect_fields(meter, header)
        assert detected.fields == "progressive", (header, detected.evidence)
        assert set(detected.weave) == {"s"}, (header, detected.evidence)


def progressive() -> list[tuple[int, int]]:
    return [(n, n) for n in range(FRAMES)]


def on_twos() -> list[tuple[int, int]]:
    return [(n // 2, n // 2) for n in range(FRAMES)]


def pulled_down() -> list[tuple[int, int]]:
    fields = [film for film in range(FRAMES) for _ in range(2 + film % 2)]
    return list(zip(fields[0::2], fields[1::2], strict=False))


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("grain", [0.0, 9.0])
@pytest.mark.parametrize("lines", [240, 576])
def test_progressive_whatever_the_header_says(lines: int, grain: float, header: str) -> None:
    detected = detect(grained(street(lines), grain), progressive(), header)
    assert detected.fields == "progressive"
    assert set(detected.weave) == {"s"}
    assert detected.evidence.startswith(f"0 of {FRAMES - 2} moving frames comb")


@pytest.mark.parametrize("scene", [street, line_art])
def test_animation_on_twos_is_progressive(scene: Callable[[int], Picture]) -> None:
    assert detect(scene(240), on_twos(), "top").fields == "progressive"


@pytest.mark.parametrize("grain", [0.0, 9.0])
def test_thin_lines_do_not_count_as_combing(grain: float) -> None:
    assert detect(grained(line_art(240), grain), progressive(), "top").fields == "progressive"


def test_doubled_lines_do_not_count_as_combing() -> None:
    """A picture of half the lines, each repeated, as in an old game or a web copy."""
    half = street(144)
    assert detect(lambda n: half(n).repeat(2, axis=0), progressive(), "top").fields == "progressive"


@pytest.mark.parametrize("header", ["progressive", "unknown", "top"])
def test_a_static_picture_is_left_as_stored(header: str) -> None:
    still = street(240)(0)
    noisy = grained(lambda _: still, 9.0)
    detected = detect(noisy, progressive(), header)
    assert detected.fields == "progressive"
    assert detected.evidence.startswith("no frame moves, so its fields cannot be compared")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("grain", [0.0, 9.0])
@pytest.mark.parametrize("lines", [240, 576])
@pytest.mark.parametrize("order", ["top", "bottom"])
def test_video_whatever_the_header_says(lines: int, grain: float, header: str, order: str) -> None:
    first = [(2 * n, 2 * n + 1) for n in range(FRAMES)]
    stored = first if order == "top" else [fields[::-1] for fields in first]
    detected = detect(grained(street(lines), grain), stored, header)
    assert detected.fields == order
    assert f"{FRAMES - 2} of {FRAMES - 2} moving frames comb as stored" in detected.evidence


@pytest.mark.parametrize("order", ["top", "bottom"])
def test_the_first_field_of_a_quick_outline(order: str) -> None:
    """The outline overlaps in no two fields, so that all weaves comb equally."""
    first = [(2 * n, 2 * n + 1) for n in range(FRAMES)]
    stored = first if order == "top" else [fields[::-1] for fields in first]
    assert detect(outline, stored, "unknown").fields == order


@pytest.mark.parametrize("grain", [0.0, 9.0])
@pytest.mark.parametrize(("off", "letter"), [(1, "p"), (-1, "n")])
def test_film_out_of_phase(off: int, letter: str, grain: float) -> None:
    stored = [(n, n + off) for n in range(1, FRAMES + 1)]
    detected = detect(grained(street(288), grain), stored, "progressive")
    assert detected.fields == "film"
    assert detected.weave[1:-1] == letter * (FRAMES - 2)


@pytest.mark.parametrize("grain", [0.0, 9.0])
def test_pulldown_with_a_field_lost(grain: float) -> None:
    stored = pulled_down()
    del stored[6]
    detected = detect(grained(street(240), grain), stored, "top")
    assert detected.fields == "film"
    tops = [top for top, _ in stored]
    for index in range(1, len(stored) - 1):
        bottoms = {"s": stored[index][1], "p": stored[index - 1][1], "n": stored[index + 1][1]}
        fits = [way for way, bottom in bottoms.items() if bottom == tops[index]]
        assert detected.weave[index] in (fits or ["x"]), index


def test_only_the_stretch_in_fields_is_field_matched() -> None:
    stored = [(n, n) if n < 40 else (n, n + 1) for n in range(70)]
    detected = detect(street(240), stored, "progressive")
    assert detected.fields == "film"
    assert detected.weave[:40] == "s" * 40
    assert detected.weave[41:-1] == "p" * 28


def test_a_stretch_of_video_leaves_the_rest_as_stored() -> None:
    stored = [(n, n) if n < 40 else (2 * n, 2 * n + 1) for n in range(60)]
    detected = detect(street(240), stored, "unknown")
    assert detected.fields == "film"
    assert detected.weave[:40] == "s" * 40
    assert detected.weave[41:-1] == "x" * 18
    assert "18 none" in detected.evidence or "19 none" in detected.evidence


@pytest.mark.parametrize(("header", "fields"), [("progressive", "progressive"), ("top", "film")])
def test_a_few_frames_do_not_overrule_a_progressive_header(header: str, fields: str) -> None:
    stored = [(n, n + 1) if 20 <= n < 27 else (n, n) for n in range(50)]
    detected = detect(street(240), stored, header)
    assert detected.fields == fields
    if header == "progressive":
        assert detected.weave == "s" * 50
        assert detected.evidence.startswith("7 of 48 moving frames comb, too few to change them")


@pytest.mark.parametrize("weave", [0.2, 0.4, 0.7])
@pytest.mark.parametrize("period", [2.1, 2.3, 2.6, 3.0])
def test_weaving_fine_lines_do_not_count_as_combing(period: float, weave: float) -> None:
    assert_as_stored(blinds(period, weave))


@pytest.mark.parametrize(("speed", "grain"), [(0.3, 4.0), (0.5, 0.0), (0.5, 4.0), (1.0, 4.0)])
@pytest.mark.parametrize("period", [2.2, 2.5, 2.8])
def test_panning_fine_lines_do_not_count_as_combing(
    period: float, speed: float, grain: float
) -> None:
    assert_as_stored(blinds(period, 0.0, speed, grain))


@pytest.mark.parametrize("speed", [1, 2, 3])
def test_a_credit_roll_is_not_deinterlaced(speed: int) -> None:
    meter = measured(credit_roll(speed), progressive())
    for header in ("progressive", "unknown"):
        detected = detect_fields(meter, header)
        assert (detected.fields, set(detected.weave)) == ("progressive", {"s"}), header


@pytest.mark.parametrize("order", ["top", "bottom"])
def test_video_with_fine_lines_in_it_is_video(order: str) -> None:
    """A fence at rest in the picture of a video camera."""
    plain = street(360)

    def fenced(instant: int) -> np.ndarray:
        frame = plain(instant)
        frame[200:300, 100:210] = (130 + 50 * np.sin(2 * np.pi * np.arange(100) / 2.3))[:, None]
        return frame

    first = [(2 * n, 2 * n + 1) for n in range(FRAMES)]
    stored = first if order == "top" else [fields[::-1] for fields in first]
    assert detect(grained(fenced, 4.0), stored, order).fields == order


def test_a_few_frames_of_video_do_not_deinterlace_a_static_movie() -> None:
    """Under a progressive header nothing changes, under an unknown one only those frames do."""
    stored = [(0, 0)] * 60 + [(2 * n, 2 * n + 1) for n in range(12)] + [(24, 24)] * 60
    detected = detect(street(240), stored, "progressive")
    assert detected.fields == "progressive"
    assert "set fields = 'top' for it in film.toml" in detected.evidence
    detected = detect(street(240), stored, "unknown")
    assert detected.fields == "film"
    assert set(detected.weave[:59] + detected.weave[74:]) == {"s"}
    assert detect(street(240), stored, "top").fields == "top"


@pytest.mark.parametrize("size", [(2, 2), (16, 8), (18, 40), (400, 6), (24, 8)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_pictures_too_small_to_measure(size: tuple[int, int], count: int) -> None:
    draws = np.random.default_rng(0)
    noise = draws.uniform(0, 255, (count, *size))
    detected = detect(lambda n: noise[n], [(n, n) for n in range(count)])
    assert (detected.fields, detected.weave) == ("progressive", "s" * count)


@pytest.mark.parametrize(
    ("field_order", "interlaced", "header"),
    [
        (1, 0, "progressive"),
        (0, 0, "unknown"),
        (2, 10, "top"),
        (5, 10, "top"),
        (3, 10, "bottom"),
        (4, 10, "bottom"),
        (0, 10, "interlaced"),
        (2, 0, "unknown"),
        (1, 4, "progressive"),
    ],
)
def test_what_the_header_says(field_order: int, interlaced: int, header: str) -> None:
    assert header_fields(field_order, interlaced, 10) == header


@pytest.mark.parametrize(
    ("combing", "letter"),
    [
        (CombEnergies(100, 900, 950, 400, False), "-"),
        (CombEnergies(100, 900, 950, 400, True), "s"),
        (CombEnergies(100, 102, 950, 400, True), "t"),
        (CombEnergies(100, 950, 102, 400, True), "b"),
        (CombEnergies(900, 910, 5000, 200, True), "T"),
        (CombEnergies(900, 5000, 910, 200, True), "B"),
        (CombEnergies(900, 910, 920, 200, True), "o"),
        (CombEnergies(2000, 100, 2400, 400, True), "P"),
        (CombEnergies(2000, 2400, 100, 400, True), "N"),
        (CombEnergies(500, 200, 900, 400, True), "p"),
        (CombEnergies(900, 100, 102, 400, True), "-"),
        (CombEnergies(100, inf, 900, 400, True), "s"),
        (CombEnergies(2000, inf, 100, 400, True), "N"),
        (CombEnergies(2000, 100, inf, 400, True), "P"),
        (CombEnergies(0, inf, inf, 0, False), "-"),
    ],
)
def test_verdict_of_one_frame(combing: CombEnergies, letter: str) -> None:
    assert combing.verdict() == letter


class FakeMeter:
    """A `FieldMeter` with given verdicts."""

    def __init__(self, verdicts: str) -> None:
        self.verdicts = verdicts
        self.top_first_scores = np.zeros(len(verdicts), np.float32)

    def finish(self) -> None:
        """Nothing to do: the verdicts are given."""


GRAINY_DVD = "sttttttttttttttttttsttssssstsstssssssss-"
"""Verdicts of grainy video, 576 lines, MPEG-2 at 4 Mbit/s: quantisation hides the combing."""


@pytest.mark.parametrize(
    ("verdicts", "header", "fields"),
    [
        (GRAINY_DVD, "top", "top"),
        (GRAINY_DVD.replace("t", "b"), "bottom", "bottom"),
        (GRAINY_DVD, "interlaced", "top"),
        (GRAINY_DVD, "bottom", "progressive"),
        (GRAINY_DVD, "unknown", "progressive"),
        (GRAINY_DVD, "progressive", "progressive"),
        ("st" + "stsb" * 9 + "s-", "top", "progressive"),
        ("s" * 30 + "ttttt" + "s" * 5, "top", "progressive"),
    ],
)
def test_a_consistent_field_order_is_video(
    verdicts: str, header: HeaderFields, fields: str
) -> None:
    assert detect_fields(FakeMeter(verdicts), header).fields == fields  # type: ignore[arg-type]
