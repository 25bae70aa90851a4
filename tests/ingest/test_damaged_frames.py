"""Damaged and missing frames of the scan: the list of them, and frames held or skipped."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.clip import SOURCE_PROXY, Clip, Clips
from unfade.media import FrameTags, read, read_frame, read_tags, scene_frame, write_exr
from unfade.pipeline.freshness import settings
from unfade.pipeline.stages import STAGES
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import KEYCODE, run_anew

FRAMES = range(1, 41)


def picture(number: int, width: int = 96) -> torch.Tensor:
    """A picture whose red is its number / 50."""
    return torch.full((3, 72, width), 0.5).index_fill_(0, torch.tensor(0), number / 50)


def write(path: Path, rgb: torch.Tensor) -> None:
    tags = FrameTags(Fraction(24), keycode=KEYCODE)
    write_exr(path, rgb, colorspace="ACES2065-1", tags=tags)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("gone.exr")


def write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def with_value(path: Path, value: float) -> None:
    """One value is replaced in a file of floats."""
    pixels = np.full((72, 96, 3), 0.5, np.float32)
    pixels[5, 5, 1] = value
    spec = oiio.ImageSpec(96, 72, 3, "half")
    spec["oiio:ColorSpace"] = "lin_ap0_scene"
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(pixels)
    assert image.close()


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (truncate, r"cannot be read \(.*\)"),
    "empty": (lambda path: write_bytes(path, b""), "empty"),
    "size": (lambda path: write(path, picture(0, 80)), "80 x 72 pixels instead of 96 x 72 pixels"),
    "NaN": (lambda path: with_value(path, np.nan), "holds values that are not numbers .*"),
    "Inf": (lambda path: with_value(path, np.inf), "holds values that are not numbers .*"),
    "missing": (Path.unlink, "missing"),
    "dangling link": (dangle, "missing"),
    "junk": (lambda path: write_bytes(path, b"junk" * 999), r"cannot be read \(.*\)"),
}


SHOWN_BY_PIXELS = ["truncated", "NaN", "Inf"]
"""The damages that no header shows."""


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    (tmp_path / "scan").mkdir()
    for number in FRAMES:
        write(tmp_path / "scan" / f"r.{number:04d}.exr", picture(number))
    return tmp_path / "scan"


def job(scan: Path, damaged: str = "error", **section: object) -> Job:
    project = Project.model_validate(
        {
            "film": {"title": "Test"},
            "source": {"path": "scan/r.%04d.exr", "damaged": damaged, **section},
            "pair": [{"source": 20, "reference": "painted.png"}],
        }
    )
    return Job(project=project, root=scan.parent, progress=SilentProgress())


def damage(scan: Path, number: int, kind: str) -> str:
    """Damages a frame; returns a pattern for its fault."""
    change, fault = DAMAGES[kind]
    change(scan / f"r.{number:04d}.exr")
    return fault


def error_of(scan: Path) -> str:
    with pytest.raises(MediaError) as refused:
        run_anew("ingest", job(scan))
    return str(refused.value)


def listed_error(scan: Path, kinds: list[str]) -> str:
    """Damages frames 2, 4, ...; returns a pattern for the start of the error."""
    faults = [damage(scan, 2 * k, kind) for k, kind in enumerate(kinds, start=1)]
    listed = ", ".join(f"{2 * k}: {fault}" for k, fault in enumerate(faults, start=1))
    return rf".*/r.%04d.exr: {len(kinds)} of 40 frames cannot be used, {listed}; {REMEDY}"


REMEDY = "restore the files, or set 'first' and 'last', or 'source.damaged' to 'hold' or 'skip'"


def test_one_error_lists_all_frames_that_their_headers_show_as_damaged(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: hours of decoding would not change it."""
    expected = listed_error(scan, [kind for kind in DAMAGES if kind not in SHOWN_BY_PIXELS])
    with_value(scan / "r.0035.exr", np.nan)
    monkeypatch.setattr("unfade.ingest.units.read_or_fault", None)
    text = error_of(scan)
    assert re.fullmatch(expected + "; the pictures themselves were not read yet", text)


def test_one_error_lists_all_frames_whose_pictures_are_damaged(scan: Path) -> None:
    assert re.fullmatch(listed_error(scan, SHOWN_BY_PIXELS), error_of(scan))
    assert not (scan.parent / Clips.PATH).exists()
    assert not (scan.parent / "01-ingest/source-proxy.npy").exists()


def test_the_list_is_bounded(scan: Path) -> None:
    for number in range(2, 32, 2):
        damage(scan, number, "missing")
    text = error_of(scan)
    assert "15 of 40 frames cannot be used, 2: missing, 4: missing," in text
    assert "20: missing, and 5 more; restore" in text


def test_most_frames_must_be_good(scan: Path) -> None:
    """Gaps of numbers that are dates would become hours of held frames."""
    for number in range(5, 26):
        damage(scan, number, "NaN")
    for setting in ("error", "hold", "skip"):
        with pytest.raises(
            MediaError, match=r"21 of 40 .*; restore the files, or set 'first' an"
        ) as e:
            run_anew("ingest", job(scan, setting))
        assert "damaged" not in str(e.value)


def test_the_damage_of_a_reference_is_listed_too(scan: Path) -> None:
    faults = [damage(scan, 7, "truncated"), damage(scan, 9, "NaN")]
    fields = {
        "film": {"title": "Test"},
        "source": {"path": "first.exr"},
        "reference": {"path": "scan/r.%04d.exr"},
    }
    write(scan.parent / "first.exr", picture(1))
    reads_reference = Job(Project.model_validate(fields), scan.parent, SilentProgress())
    remedy = "restore the files, or set 'first' and 'last'"
    listed = f"7: {faults[0]}, 9: {faults[1]}; {remedy}$"
    with pytest.raises(MediaError, match="2 of 40 frames cannot be used, " + listed):
        run_anew("ingest", reads_reference)
    damage(scan, 8, "missing")
    listed = f"8: missing; {remedy}; the pictures themselves were not read yet$"
    with pytest.raises(MediaError, match="1 of 40 frames cannot be used, " + listed):
        run_anew("ingest", reads_reference)


def held_film(scan: Path, setting: str = "hold") -> Job:
    """A film whose frames 1, 2, 9 to 11 and 40 are damaged, after ingest."""
    for number, kind in {1: "truncated", 2: "empty", 9: "missing", 10: "NaN", 11: "size"}.items():
        damage(scan, number, kind)
    damage(scan, 40, "junk")
    film = job(scan, setting)
    run_anew("ingest", film)
    return film


SHOWN = {1: 3, 2: 3, 9: 8, 10: 8, 11: 8, 40: 39}
"""The good frame that each damaged frame of `held_film` shows."""


@pytest.mark.parametrize("setting", ["hold", "skip"])
def test_damaged_frames_show_the_nearest_good_one(scan: Path, setting: str) -> None:
    film = held_film(scan, setting)
    source = film.clips().source
    assert (source.frames.first, source.frames.last) == (1, 40)
    assert [number for number in FRAMES if number in source.damage] == [*SHOWN]
    assert source.damage.setting == setting
    proxy = np.load(film.root / SOURCE_PROXY)
    assert len(proxy) == len(FRAMES)
    pictures = dict(read(source, FRAMES))
    assert len({float(picture[0, 0, 0]) for picture in pictures.values()}) == len(FRAMES) - 6
    for number, shown in SHOWN.items():
        assert torch.equal(pictures[number], pictures[shown])
        assert torch.equal(read_frame(source, number), pictures[shown])
        halves = scene_frame(source, number, film.colors).halves
        assert np.array_equal(halves, scene_frame(source, shown, film.colors).halves)
        assert np.array_equal(proxy[number - 1], proxy[shown - 1])
        assert read_tags(source, number).keycode is None
        assert read_tags(source, shown).keycode == KEYCODE


def test_a_frame_that_is_missing_at_an_end_of_the_asked_range_is_held(scan: Path) -> None:
    for number in (1, 39, 40):
        damage(scan, number, "missing")
    film = job(scan, "hold", first=1, last=40)
    run_anew("ingest", film)
    source = film.clips().source
    assert (source.frames.first, source.frames.last) == (1, 40)
    assert source.damage.in_words() == "1: missing, 39 to 40: missing"
    assert [source.shown_frame(number) for number in (1, 39, 40)] == [2, 38, 38]
    with pytest.raises(MediaError, match="3 of 40 frames cannot be used, 1: missing, 39 to 40: mi"):
        run_anew("ingest", job(scan, first=1, last=40))
    with pytest.raises(MediaError, match="has the frames 2 to 38, not 50 to 60; correct 'first'"):
        run_anew("ingest", job(scan, "hold", first=50, last=60))


def test_the_record_has_the_frames_and_their_faults(scan: Path) -> None:
    damage_of = held_film(scan).load(Clips).source.damage
    assert len(damage_of) == 6
    assert re.fullmatch(
        r"damaged frames that show the nearest good frame \(1: cannot be read \(.*\), 2: empty, "
        r"9: missing, 10: holds values that are not numbers or are infinite, 11: 80 x 72 pixels "
        r"instead of 96 x 72 pixels, 40: cannot be read \(.*\)\)",
        damage_of.caveat(),
    )
    assert str(scan) not in damage_of.caveat()


def test_damage_of_a_whole_scan_is_empty(scan: Path) -> None:
    film = job(scan, "hold")
    run_anew("ingest", film)
    damage_of = film.clips().source.damage
    assert not damage_of
    assert damage_of.caveat() == ""


def source_with_timecodes(scan: Path, timecode_of: Callable[[int], str]) -> Clip:
    """The scan after ingest, whose frames hold timecodes; 9 is missing and 10 empty, and held."""
    for number in FRAMES:
        tags = FrameTags(Fraction(24), timecode=timecode_of(number))
        write_exr(scan / f"r.{number:04d}.exr", picture(number), colorspace="ACES2065-1", tags=tags)
    damage(scan, 9, "missing")
    damage(scan, 10, "empty")
    film = job(scan, "hold")
    run_anew("ingest", film)
    return film.clips().source


def test_timecode_counts_on_over_held_frames(scan: Path) -> None:
    source = source_with_timecodes(scan, lambda n: f"01:00:0{n // 24}:{n % 24:02d}")
    assert source.timecode_jumps == ()
    assert read_tags(source, 10).timecode == "01:00:00:10"


def test_damaged_frames_do_not_count_where_all_files_hold_one_timecode(scan: Path) -> None:
    source = source_with_timecodes(scan, lambda _: "01:00:00:05")
    assert (source.timecode, source.timecode_jumps) == ("01:00:00:05", ())


def test_a_changed_setting_makes_ingest_stale(scan: Path) -> None:
    before, after = (settings(STAGES[0], job(scan, one).project) for one in ("hold", "skip"))
    assert before != after


def test_the_checksum_of_a_scan_leaves_out_links_to_nothing(scan: Path) -> None:
    damage(scan, 9, "dangling link")
    before = job(scan).element("the source", "scan/r.%04d.exr")
    assert before is not None
    assert before.files == len(FRAMES) - 1
    write(scan / "gone.exr", picture(9))
    after = job(scan).element("the source", "scan/r.%04d.exr")
    assert after is not None
    assert after.files == len(FRAMES)
