"""The live area holds the whole picture and no border in any frame."""

import cv2
import numpy as np
import pytest

from unfade.film.clip import Area
from unfade.ingest.live_area import find_live_area

FRAMES = 24


def scene(number: int, width: int, height: int) -> np.ndarray:
    """Luma, 0.1 to 0.8, of a picture that changes from frame to frame."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    waves = 0.35 + 0.25 * np.sin(across / 60 + number) * np.cos(down / 45 - number / 2)
    return waves + 0.2 * ((across - 40 * number) % width < 80)


def to_codes(luma: np.ndarray) -> np.ndarray:
    return np.clip(np.round(luma * 255), 0, 255).astype(np.uint8)


def scan(
    picture: Area,
    *,
    weave: int = 1,
    fog: float = 0.06,
    grain: float = 0.02,
    dark_frames: float = 0.2,
    dark_foreground: bool = False,
    width: int = 1024,
    height: int = 780,
) -> list[np.ndarray]:
    """Overscanned frames: perforations, sound track, neighbours above and below, dark border."""
    random = np.random.default_rng(3)
    right, bottom = picture.x + picture.width, picture.y + picture.height
    frames = []
    for number in range(FRAMES):
        inside = scene(number, picture.width, picture.height)
        if dark_foreground:
            inside[int(picture.height * 0.7) :] = fog
        if random.random() < dark_frames:
            inside = inside * 0.12
        x, y = random.integers(-weave, weave + 1, 2)
        frame = np.full((height, width), fog)
        frame[: max(picture.y - 14 + y, 0), picture.x + x : right + x] = 0.5
        frame[bottom + 14 + y :, picture.x + x : right + x] = 0.4
        frame[:, :60] = 0.9
        frame[:, -50:] = random.choice([0.05, 0.95], (height, 1))
        frame[picture.y + y : bottom + y, picture.x + x : right + x] = inside
        frame = cv2.GaussianBlur(frame, (0, 0), 0.7) + random.normal(0, grain, frame.shape)
        frames.append(to_codes(frame))
    return frames


def video(
    left: int,
    top: int,
    right: int,
    bottom: int,
    black: float = 16 / 255,
    dark_foreground: bool = False,
) -> list[np.ndarray]:
    """PAL frames with black bars of the given widths."""
    random = np.random.default_rng(4)
    across, down = np.meshgrid(np.arange(720), np.arange(576))
    frames = []
    for number in range(FRAMES):
        frame = scene(number, 720, 576)
        if dark_foreground:
            frame[down > 400 + 20 * np.sin(across / 40)] = black
        frame[:top] = frame[576 - bottom :] = black
        frame[:, :left] = frame[:, 720 - right :] = black
        frames.append(to_codes(frame + random.normal(0, 0.008, frame.shape)))
    return frames


def assert_close_inside(found: Area, picture: Area, weave: int) -> None:
    """Asserts that each side lies inside the edge by the weave plus 1 to 4 pixels."""
    insets = (
        found.x - picture.x,
        found.y - picture.y,
        picture.x + picture.width - found.x - found.width,
        picture.y + picture.height - found.y - found.height,
    )
    assert min(insets) >= weave + 1, insets
    assert max(insets) <= weave + 4, insets


PICTURE = Area(x=110, y=60, width=800, height=640)


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"fog": 0.15, "grain": 0.05},
        {"grain": 0.08},
        {"weave": 3},
        {"weave": 0},
    ],
    ids=str,
)
def test_scan_with_perforations_sound_track_and_neighbours(conditions: dict) -> None:
    found = find_live_area(scan(PICTURE, **conditions))
    assert_close_inside(found, PICTURE, conditions.get("weave", 1))


def test_scan_of_mostly_dark_frames() -> None:
    found = find_live_area(scan(PICTURE, weave=0, dark_frames=0.8))
    assert_close_inside(found, PICTURE, 0)


def test_a_dark_foreground_is_picture() -> None:
    """The foreground of a night scene, as dark as the border, must not be cropped."""
    found = find_live_area(scan(PICTURE, dark_foreground=True))
    assert found.y + found.height >= PICTURE.y + PICTURE.height - 5
    found = find_live_area(video(0, 0, 0, 0, dark_foreground=True))
    assert found == Area(x=0, y=0, width=720, height=576)


def test_letterbox_and_blanking() -> None:
    found = find_live_area(video(8, 72, 6, 72))
    assert_close_inside(found, Area(x=8, y=72, width=706, height=432), 0)


def test_only_sides_with_a_border_are_cropped() -> None:
    found = find_live_area(video(9, 0, 0, 0))
    assert (found.y, found.height, found.x + found.width) == (0, 576, 720)
    assert 10 <= found.x <= 13


def test_no_border() -> None:
    assert find_live_area(video(0, 0, 0, 0)) == Area(x=0, y=0, width=720, height=576)


@pytest.mark.parametrize("code", [0, 128])
def test_uniform_frames_have_no_border(code: int) -> None:
    frames = [np.full((48, 64), code, np.uint8)] * 3
    assert find_live_area(frames) == Area(x=0, y=0, width=64, height=48)


def test_a_single_frame_is_enough() -> None:
    assert_close_inside(find_live_area(scan(PICTURE, weave=0, dark_frames=0)[:1]), PICTURE, 0)
