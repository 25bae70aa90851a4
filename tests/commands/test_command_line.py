"""The command line: its messages for faulty elements, projects and arguments."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
import torch

import unfade
from unfade import media
from unfade.commands import app as cli
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.errors import ProjectError
from unfade.film.clip import Clip, Clips
from unfade.project.file import load_project
from unfade.project.settings import ClipSection

from ..fixtures import demo_movie

ErrorLine = Callable[..., str]


@pytest.fixture
def error_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> ErrorLine:
    """Runs a command that must fail; returns the line that it printed."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == EXIT_USER_ERROR
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert "Traceback" not in line
        return line

    return run


def scan(folder: Path, frames: range, *, size: tuple[int, int] = (90, 160)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    for frame in frames:
        noise = torch.rand(3, *size, generator=generator) * 0.5 + 0.25
        media.write_dpx(folder / f"scan.{frame:04d}.dpx", noise)


def project(folder: Path, *lines: str) -> str:
    path = folder / "film.toml"
    text = ['[film]\ntitle = "Reel"', '[source]\npath = "scan/scan.%04d.dpx"', *lines]
    path.write_text("\n".join(text) + "\n")
    return str(path)


PAIR = '[[pair]]\nsource = 11\nreference = "scan/scan.0011.dpx"\naligned = true'


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".partial" in path.name]


def test_a_typo_names_the_nearest_key(tmp_path: Path, error_line: ErrorLine) -> None:
    line = error_line("run", project(tmp_path, PAIR, "[redner]\nversion = 2"))
    assert "film.toml: unknown key 'redner'; the nearest valid one is 'render'" in line


def test_an_unreadable_certificate_is_named_before_ingest(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    pytest.importorskip("c2pa", reason="the extra unfade[c2pa] is not installed")
    scan(tmp_path / "scan", range(10, 13))
    names = '[deliver]\nc2pa_certificate = "archive.pem"\nc2pa_key = "archive.key"'
    line = error_line("run", project(tmp_path, PAIR, names))
    assert "archive.pem: cannot be read (No such file or directory); correct " in line
    assert "'deliver.c2pa_certificate'" in line
    assert not (tmp_path / "01-ingest").exists()


def test_a_folder_in_the_place_of_the_project_file_is_named(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    path = tmp_path / "film.toml"
    path.mkdir()
    for argument in (path, tmp_path):
        line = error_line("run", str(argument))
        assert f"unfade: {path}: is a folder, but film.toml has to be a file; rename" in line
        assert f"'unfade new {tmp_path} --source SCAN'" in line
    with pytest.raises(ProjectError, match="is a folder, but"):
        unfade.open(path)
    line = error_line("new", str(tmp_path), "--source", "x.mkv")
    assert "film.toml: is a folder" in line


def test_a_project_may_lie_in_a_folder_called_film_toml(tmp_path: Path) -> None:
    (tmp_path / "film.toml").mkdir()
    path = project(tmp_path / "film.toml")
    assert str(unfade.open(tmp_path / "film.toml").path) == path


def test_a_path_that_is_too_long_is_refused(error_line: ErrorLine) -> None:
    with pytest.raises(ProjectError, match=r"xxx\.\.\.: cannot be read \(File name too long\); "):
        unfade.open("x" * 5000)
    assert "cannot be read (File name too long); name film.toml" in error_line("run", "x" * 5000)


@pytest.mark.parametrize("verb", ["merge", "curate", "run"])
def test_the_help_of_quiet_fits_every_verb(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["unfade", verb, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "Print only results and errors." in capsys.readouterr().out


def test_a_missing_frame_is_named(tmp_path: Path, error_line: ErrorLine) -> None:
    scan(tmp_path / "scan", range(10, 20))
    (tmp_path / "scan/scan.0014.dpx").unlink()
    line = error_line("run", project(tmp_path, PAIR))
    assert "scan.%04d.dpx: 1 of 10 frames cannot be used, 14: missing; restore" in line
    assert not (tmp_path / "01-ingest/clips.json").exists()


def test_a_truncated_frame_is_named(tmp_path: Path, error_line: ErrorLine) -> None:
    scan(tmp_path / "scan", range(10, 20))
    path = tmp_path / "scan/scan.0015.dpx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    line = error_line("run", project(tmp_path, PAIR))
    assert "scan.%04d.dpx: 1 of 10 frames cannot be used, 15: cannot be read" in line
    assert not (tmp_path / "01-ingest/clips.json").exists()
    assert left_behind(tmp_path) == []


def test_a_frame_of_another_size_is_named(tmp_path: Path, error_line: ErrorLine) -> None:
    scan(tmp_path / "scan", range(10, 20))
    scan(tmp_path / "scan", range(16, 17), size=(80, 160))
    line = error_line("run", project(tmp_path, PAIR))
    assert "16: 160 x 80 pixels instead of 160 x 90 pixels" in line
    assert left_behind(tmp_path) == []


def stills(folder: Path, movie: str, count: int) -> None:
    folder.mkdir()
    path = demo_movie(movie)
    clip: Clip = media.probe(str(path), ClipSection(path=str(path)))
    for number, (_, rgb) in enumerate(media.read(clip, range(count))):
        small = cv2.resize(rgb.permute(1, 2, 0).numpy(), (320, 180), interpolation=cv2.INTER_AREA)
        picture = torch.from_numpy(small).permute(2, 0, 1).contiguous()
        media.write_png(folder / f"{folder.name}.{number:04d}.png", picture)


def test_a_reference_of_another_film_is_refused(tmp_path: Path, error_line: ErrorLine) -> None:
    stills(tmp_path / "scan", "bigbuckbunny.mp4", 40)
    stills(tmp_path / "dvd", "carphone_pristine.mp4", 40)
    reference = '[reference]\npath = "dvd/dvd.%04d.png"'
    text = project(tmp_path, reference)
    Path(text).write_text(Path(text).read_text().replace(".dpx", ".png"))
    line = error_line("run", text)
    assert "scan.%04d.png" in line
    assert "dvd.%04d.png" in line
    assert "no picture in common" in line
    assert not (tmp_path / "02-curate/pairs.json").exists()
    assert "curate has not finished" in error_line("pairs", "list", text)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    scan(tmp_path / "scan", range(10, 14))
    path = project(tmp_path, PAIR)
    command = [sys.executable, "-m", "unfade", "run", path]
    if os.geteuid() == 0:
        (tmp_path / "01-ingest").write_text("in the way")
    else:
        tmp_path.chmod(0o500)
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    tmp_path.chmod(0o700)
    assert result.returncode == EXIT_USER_ERROR
    line = "01-ingest: is no folder" if os.geteuid() == 0 else "cannot be written to"
    assert line in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_error_of_the_file_system_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error_line: ErrorLine
) -> None:
    def fail(name: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "06-render/receipt.json")

    monkeypatch.setattr("unfade.pipeline.run.stage_function", fail)
    line = error_line("ingest", project(tmp_path, PAIR))
    assert "06-render/receipt.json: Permission denied; give yourself perm" in line


def test_a_scan_with_infinite_values_is_named(tmp_path: Path, error_line: ErrorLine) -> None:
    scan(tmp_path / "scan", range(10, 20))
    path = tmp_path / "scan/scan.0012.exr"
    image = oiio.ImageOutput.create(str(path))
    image.open(str(path), oiio.ImageSpec(160, 90, 3, "float"))
    image.write_image(np.full((90, 160, 3), np.inf, np.float32))
    image.close()
    text = '[film]\ntitle = "x"\n[source]\npath = "scan/scan.0012.exr"\ncolorspace = "ACEScg"\n'
    (tmp_path / "film.toml").write_text(text + PAIR.replace("11", "0", 1))
    line = error_line("run", str(tmp_path / "film.toml"))
    assert "scan.0012.exr" in line
    assert "infinite" in line


def test_an_unknown_stage_is_named(tmp_path: Path, error_line: ErrorLine) -> None:
    line = error_line("run", project(tmp_path, PAIR), "--to", "trian")
    assert "there is no stage 'trian'; name one of ingest, " in line


def test_a_stage_verb_names_the_missing_stage_before_it(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    scan(tmp_path / "scan", range(10, 14))
    line = error_line("train", project(tmp_path, PAIR))
    assert "ingest is missing" in line


def test_new_writes_a_project_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error_line: ErrorLine
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
    assert "exists already" in error_line(*arguments)


def test_new_prints_the_field_order_of_a_movie_and_its_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(demo_movie("carphone_pristine.mp4"))
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error_line: ErrorLine
) -> None:
    for folder in ("scan", "dvd", "tape"):
        scan(tmp_path / folder, range(10, 12))
    source, dvd, tape = (str(tmp_path / folder) for folder in ("scan", "dvd", "tape"))
    path, pattern = tmp_path / "reel", f"{tape}/scan.%04d.dpx"
    command = ["new", str(path), "--source", source, "--reference", dvd, "--reference"]
    assert "dvd: is given twice as --reference; give it once" in error_line(*command, dvd)
    assert not (path / "film.toml").exists()
    monkeypatch.setattr(sys, "argv", ["unfade", *command, pattern])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    written = load_project(path / "film.toml").reference
    assert [(one.name, one.path) for one in written] == [
        ("dvd", "../dvd/scan.%04d.dpx"),
        ("scan", "../tape/scan.%04d.dpx"),
    ]


def test_full_memory_of_the_graphics_processor_gives_one_sentence(
    error_line: ErrorLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(cli, "app", full)
    assert "graphics processor is out of memory; close what else uses it" in error_line("run", "x")


def header_only(folder: Path, transfer: str, *, rate: float | None = 24.0) -> str:
    """Writes a DPX sequence with a transfer in its headers; returns its pattern."""
    folder.mkdir()
    for frame in range(1, 4):
        path = str(folder / f"scan.{frame:04d}.dpx")
        spec = oiio.ImageSpec(160, 90, 3, "uint16")
        spec["dpx:Transfer"] = transfer
        if rate is not None:
            spec["dpx:FrameRate"] = rate if frame > 1 else abs(rate)
        image = oiio.ImageOutput.create(path)
        image.open(path, spec)
        image.write_image(np.full((90, 160, 3), 9000, np.uint16))
        image.close()
    return str(folder / "scan.%04d.dpx")


def test_a_colour_space_that_the_files_do_not_state_is_left_to_fill_in(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    source = header_only(tmp_path / "scan", "Printing density")
    line = error_line("new", str(tmp_path / "reel"), "--source", source)
    assert "film.toml: written, but the files do not say source.colorspace; fill that in" in line
    path = tmp_path / "reel" / "film.toml"
    line = next(one for one in path.read_text().splitlines() if one.startswith("colorspace"))
    assert line.startswith('colorspace = "?"')
    assert "the file says: Printing density" in line
    assert '"ADX10"' in line
    assert "[source]: 'colorspace' is still \"?\"" in error_line("run", str(path))
    path.write_text(path.read_text().replace('"?"', '"ADX10"'))
    assert load_project(path).source.colorspace == "ADX10"


def test_a_rate_that_differs_between_frames_is_left_to_fill_in(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    source = header_only(tmp_path / "scan", "ITU-R 709-4")
    first = str(tmp_path / "scan/scan.0002.dpx")
    image = oiio.ImageBuf(first)
    image.specmod()["dpx:FrameRate"] = 25.0
    pixels, spec = image.get_pixels(oiio.UINT16), image.spec()
    out = oiio.ImageOutput.create(first)
    out.open(first, spec)
    out.write_image(pixels)
    out.close()
    line = error_line("new", str(tmp_path / "reel"), "--source", source)
    assert "the files do not say source.rate; fill that in" in line
    text = (tmp_path / "reel" / "film.toml").read_text()
    assert 'rate = "?"' in text
    assert "frame 2 is of 25 frames a second and frame 1 is of 24" in text


def test_assumed_facts_are_named_until_film_toml_states_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = header_only(tmp_path / "scan", "Undefined", rate=None)
    path = tmp_path / "reel" / "film.toml"
    for arguments in (["new", str(tmp_path / "reel"), "--source", source], ["ingest", str(path)]):
        monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 0
    text = path.read_text()
    assert '# colorspace = "Gamma 2.4 Encoded Rec.709" # assumed: the files do not say' in text
    assert "# assumed: the files do not say" in text.split("rate =")[1].splitlines()[0]
    assumed = "assumed, as its files do not say: colour space Gamma 2.4 Encoded Rec.709 and 24 a s"
    assert f"source: {assumed}" in capsys.readouterr().out
    clip = Clips.from_json((path.parent / Clips.PATH).read_text()).source
    assert clip.assumed == ("colorspace", "rate")
    confirmed = text.replace("# colorspace", "colorspace", 1).replace("# rate", "rate")
    path.write_text(confirmed)
    section = load_project(path).source
    assert media.probe(source, section).assumed == ()


def test_for_files_and_wildcards_the_pattern_is_suggested(
    tmp_path: Path, error_line: ErrorLine
) -> None:
    scan(tmp_path / "scan", range(10, 14))
    files = sorted(str(path) for path in (tmp_path / "scan").iterdir())
    pattern = str(tmp_path / "scan" / "scan.%04d.dpx")
    new = ["new", str(tmp_path / "reel"), "--source"]
    assert (
        f"is one frame of a sequence; for the whole sequence, name it as '{pattern}'"
        in error_line(*new, files[0])
    )
    assert f"name the sequence, in quotes: '{pattern}'" in error_line(*new, *files)
    assert "'odd' is one argument too many" in error_line(*new, files[0], "odd")
    for wrong in (f"{tmp_path}/scan/*.dpx", f"{tmp_path}/scan\\scan.%04d.dpx"):
        assert f"{pattern} is there, name that" in error_line(*new, wrong)
    assert not (tmp_path / "reel").exists()


def test_special_characters_survive_in_film_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'so "called" \\ [b] :smile: 50%'
    scan(folder, range(10, 12))
    title = 'The "Reel"\t \\ 1'
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


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_at_the_start_prints_no_traceback(delay_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "unfade", "--help"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert "unfade/" not in error
    assert process.returncode in (0, 1, 130, -signal.SIGINT)
