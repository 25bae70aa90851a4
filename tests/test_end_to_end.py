"""Whole runs, from files to a verdict: of the command line, also after a kill, and of Python."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import unfade
from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.clip import Clips
from unfade.film.model import TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.target import Targets
from unfade.film.time import FrameRange
from unfade.simulate import ClipCut, demo_clips
from unfade.simulate.demo import ELEMENTS, make_demo
from unfade.work.progress import SilentProgress

from .fixtures import load_artefact, soft_shapes

FRAMES_A_SHOT = 14
SETTINGS = """
[train]
size = "small"
steps = 120
batch = 2048
checkpoint = 30

[render]
compression = "zip"
first = 1010
last = 1019
"""


@pytest.fixture(scope="module")
def film(shared_folder: Path) -> Path:
    """A film of two shots, run up to its targets."""
    folder = shared_folder / "film"
    clips = [_shortened(cut) for cut in (demo_clips()[0], demo_clips()[3])]
    place = make_demo(folder, severity="medium", seed=1, progress=SilentProgress(), clips=clips)
    shutil.rmtree(folder / ELEMENTS / "truth")
    text = place.read_text().split("[train]")[0].replace("pairs_per_shot = 4", "pairs_per_shot = 3")
    place.write_text(text + SETTINGS)
    subprocess.run(command(place, "--to", "target"), check=True)
    return folder


@pytest.fixture(scope="module")
def undisturbed(film: Path, shared_folder: Path) -> Path:
    folder = copy(film, shared_folder / "undisturbed")
    subprocess.run(command(folder / "film.toml"), check=True)
    return folder


def _shortened(cut: ClipCut) -> ClipCut:
    first = cut.frames.first
    frames = FrameRange(first=first, last=first + FRAMES_A_SHOT - 1)
    return cut.model_copy(update={"frames": frames})


def command(place: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "unfade", "run", str(place), "--quiet", *more]


def copy(film: Path, folder: Path) -> Path:
    shutil.copytree(film, folder, ignore=shutil.ignore_patterns(ELEMENTS))
    (folder / ELEMENTS).symlink_to(film / ELEMENTS)
    return folder


def test_shots_and_pairs_are_found(film: Path) -> None:
    pairs = load_artefact(film, PairList)
    assert [len(shot.frames) for shot in pairs.shots] == [FRAMES_A_SHOT, FRAMES_A_SHOT]
    assert {pair.role for pair in pairs.pairs} == {"train", "holdout", "test"}


def test_colour_comes_back_and_luma_stays(undisturbed: Path) -> None:
    report: Report = load_artefact(undisturbed, Report)
    values = {measure.name: measure.value for measure in report.measures}
    assert values["held_out_ciede2000"] < values["held_out_ciede2000_faded"] / 3
    assert values["luma_excess_max"] <= 0
    assert report.verdict in ("accept", "review")
    rendering, clip = (
        load_artefact(undisturbed, Rendering),
        load_artefact(undisturbed, Clips).source,
    )
    source = clip.model_copy(update={"path": str(undisturbed / clip.path)})
    assert [frame.frame for frame in rendering.frames] == list(range(1010, 1020))
    frame = rendering.frames[0]
    source_rgb = media.read_frame(source, frame.frame)
    master = undisturbed / "06-render" / frame.file
    recovered_rgb = media.read_picture(str(master), rendering.colorspace)
    assert float((luma(recovered_rgb) - luma(source_rgb)).abs().mean()) < 2e-4
    chroma_change = (rgb_to_ycbcr(recovered_rgb) - rgb_to_ycbcr(source_rgb))[1:].abs().mean()
    assert float(chroma_change) > 0.01


def test_colour_is_carried_to_frames_between_pairs(undisturbed: Path) -> None:
    targets, model = load_artefact(undisturbed, Targets), load_artefact(undisturbed, TrainedModel)
    paired = {target.pair.source for target in targets.targets}
    assert targets.between
    assert not paired & {one.frame for one in targets.between}
    assert set(model.carried_frames) <= {one.frame for one in targets.between}
    assert model.carried_frames
    assert (undisturbed / "05-train/carried.png").exists()


def test_report_and_masters_are_delivered(undisturbed: Path) -> None:
    assert (undisturbed / "07-validate/report.html").stat().st_size > 50_000
    bags = [path for path in (undisturbed / "08-deliver").iterdir() if path.is_dir()]
    assert len(bags) == 1
    assert len(list((bags[0] / "data/masters").glob("*.exr"))) == 10


def test_a_second_run_does_nothing(undisturbed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    result = subprocess.run(
        [*command(undisturbed / "film.toml")[:-1]], capture_output=True, text=True, check=True
    )
    assert "everything is fresh; there was nothing to do" in result.stdout
    after = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    assert after == before


def kill_when(folder: Path, reached: Callable[[], bool]) -> None:
    """Runs the pipeline to render and kills it as soon as `reached` is true."""
    running = subprocess.Popen(command(folder / "film.toml", "--to", "render"))
    while not reached():
        assert running.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL


def test_a_killed_run_resumes_to_the_same_masters(
    film: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = copy(film, tmp_path / "reel")
    kill_when(folder, (folder / "05-train/checkpoint.safetensors").exists)
    assert not (folder / "05-train/model.json").exists()
    kill_when(folder, lambda: len(list((folder / "06-render").glob("*_s*.exr"))) >= 3)
    assert not (folder / "06-render/rendering.json").exists()
    subprocess.run(command(folder / "film.toml", "--to", "render"), check=True)
    assert load_artefact(folder, Rendering) == load_artefact(undisturbed, Rendering)
    assert not list(folder.rglob("*.partial*"))


@pytest.fixture(scope="module")
def painted(shared_folder: Path) -> Path:
    """A finished project of an ACES2065-1 scan with speculars of four times white, painted pairs
    and no reference clip."""
    return paint(shared_folder / "painted", log=False)


def paint(folder: Path, *, log: bool) -> Path:
    """A finished project with painted pairs only.

    A log scan is 10-bit DPX in printing density, whose range clips the brightest speculars; its
    project carries no colour to other frames.
    """
    scene = soft_shapes(0, (3, 9, 12), 144, 192).clamp(0.05, 0.95)
    scene[:, 40:60, 50:90] *= 4 / scene[:, 40:60, 50:90].amax()
    for name in ("scan", "painted"):
        (folder / name).mkdir(parents=True)
    for frame in range(1, 7):
        true_rgb = torch.roll(scene, 3 * frame, dims=2)
        faded_rgb = true_rgb * torch.tensor([1.0, 0.7, 0.75])[:, None, None]
        scan = folder / f"scan/s.{frame:04d}"
        if log:
            place = scan.with_suffix(f"{scan.suffix}.dpx")
            media.write_dpx(place, faded_rgb, bits=10, colorspace="ADX10")
        else:
            place = scan.with_suffix(f"{scan.suffix}.exr")
            media.write_exr(place, faded_rgb, colorspace="ACES2065-1")
        media.write_exr(folder / f"painted/{frame}.exr", true_rgb, colorspace="ACES2065-1")
    pair = '[[pair]]\nsource = {0}\nreference = "painted/{0}.exr"\naligned = true\nrole = "{1}"\n'
    pairs = [pair.format(n, "holdout" if n == 4 else "train") for n in (2, 4, 5)]
    head = '[film]\ntitle = "Painted"\n[source]\npath = "scan/s.%04d.exr"\n'
    if log:
        head = head.replace('.exr"', '.dpx"\ncolorspace = "ADX10"')
    area = "live_area = [0, 0, 192, 144]\n"
    target = "[target]\ncarry = false\n" if log else ""
    settings = '[train]\nsize = "small"\nsteps = 100\nbatch = 1024\ncheckpoint = 50\n[render]\n'
    (folder / "film.toml").write_text(head + area + "".join(pairs) + target + settings)
    unfade.open(folder).run()
    return folder


def test_painted_pairs_recover_a_scene_linear_scan_with_highlights(painted: Path) -> None:
    values = {measure.name: measure.value for measure in load_artefact(painted, Report).measures}
    assert values["luma_excess_max"] <= 0
    assert values["held_out_ciede2000"] < values["held_out_ciede2000_faded"] / 2
    rendering = load_artefact(painted, Rendering)
    assert len(rendering.frames) == 6
    highest = media.read_picture(painted / "06-render" / rendering.frames[0].file).max()
    assert float(highest) > 2


def test_a_log_scan_of_printing_density_is_recovered(tmp_path: Path) -> None:
    folder = paint(tmp_path / "reel", log=True)
    values = {measure.name: measure.value for measure in load_artefact(folder, Report).measures}
    assert values["luma_excess_max"] <= 0
    assert values["held_out_ciede2000"] < values["held_out_ciede2000_faded"] / 2
    clips, rendering = load_artefact(folder, Clips), load_artefact(folder, Rendering)
    assert clips.source.colorspace == "ADX10"
    master = media.read_picture(folder / "06-render" / rendering.frames[0].file)
    assert float(master.max()) > 1.5
    assert load_artefact(folder, Targets).between is None
    assert not (folder / "05-train/carried.png").exists()


def hashes(folder: Path) -> dict[int, str]:
    return {frame.frame: frame.sha256 for frame in load_artefact(folder, Rendering).frames}


def test_only_a_changed_frame_of_the_scan_is_rendered_again(painted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reel"
    shutil.copytree(painted, folder)
    place = folder / "scan/s.0003.exr"
    again_rgb = media.read_picture(place)
    again_rgb[:, :8, :8] *= 0.8
    media.write_exr(place, again_rgb, colorspace="ACES2065-1")
    unfade.open(folder).run(last="validate")
    before, after = hashes(painted), hashes(folder)
    assert {frame for frame in before if before[frame] != after[frame]} == {3}
    assert load_artefact(folder, Report).verdict != "reject"


def test_a_moved_project_reads_its_files_at_the_new_location(painted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(painted, tmp_path / "reel")
    (tmp_path / "reel").rename(folder)
    with (folder / "film.toml").open("a") as file:
        file.write("last = 4\n")
    assert str(painted) not in (folder / "01-ingest/clips.json").read_text()
    unfade.open(folder).run(last="render")
    whole = hashes(painted)
    assert hashes(folder) == {frame: whole[frame] for frame in (1, 2, 3, 4)}
    assert len(list((folder / "06-render").glob("*.exr"))) == 6


def test_a_damaged_rendering_json_is_written_again(painted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reel"
    shutil.copytree(painted, folder)
    (folder / Rendering.PATH).write_text("{")
    unfade.open(folder).run(last="render")
    assert hashes(folder) == hashes(painted)
