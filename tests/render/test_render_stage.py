"""The render stage: formats, header entries, sidecars, resumption, and files of others."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.errors import ProjectError, WorkError
from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Area, Clips
from unfade.film.damage import Damage, DamagedFrames, DamageSetting
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair, PairList
from unfade.film.rendering import PredictedError, Rendering
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.working_space import WORKING_SPACE
from unfade.model.chroma_model import ErrorMap
from unfade.project.settings import ClipSection, Project
from unfade.render import stage, units
from unfade.render.recover import RecoveredFrame
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.units import remove_results

from ..fixtures import KEYCODE, make_alignment, make_model, make_rendered_frame

MakeJob = Callable[..., Job]

MODEL_ID = "0123456789ab"
CAPTURED = "1999:12:31 23:59:58"
WHOLE = Area(x=0, y=0, width=40, height=24)


def chart() -> Tensor:
    """(3, 24, 40) scene-linear ACES2065-1 from 0 to 16: grey scale, primaries of AP0 and random
    colours, many outside Rec.709."""
    chart_lin = torch.rand(3, 24, 40, generator=torch.Generator().manual_seed(2))
    chart_lin *= torch.logspace(-3, 4, 40, base=2)[None, None, :]
    chart_lin[:, :6] = torch.linspace(0, 16, 40)
    for channel in range(3):
        chart_lin[:, 6 + channel] = 0.0
        chart_lin[channel, 6 + channel] = torch.linspace(0, 16, 40)
    return chart_lin


def scan(root: Path, *, lifted: float = 0.0) -> None:
    (root / "scan").mkdir()
    tags = media.FrameTags(
        Fraction(24), Fraction(16, 11), "01:00:00:00", keycode=KEYCODE, captured=CAPTURED
    )
    pixels = media.to_space(chart(), "ACES2065-1", WORKING_SPACE)
    for frame in range(101, 104):
        path = root / f"scan/reel.{frame:04d}.exr"
        media.write_exr(path, pixels + lifted, colorspace="ACES2065-1", tags=tags)


@pytest.fixture
def make_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeJob:
    """A job with a trained model, whose recovery is replaced by the identity."""
    monkeypatch.setattr(units, "load_chosen", lambda folder, trained, use: None)
    error = ErrorMap(torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[[0.0, 0.5, 0.25]]]))
    monkeypatch.setattr(units, "recover", lambda source_rgb, *_: RecoveredFrame(source_rgb, error))
    scan(tmp_path)

    def make(**render: object) -> Job:
        project = Project.model_validate(
            {
                "film": {"title": "Reel"},
                "source": {"path": "scan/reel.%04d.exr"},
                "pair": [{"source": 101, "reference": "/home/somebody/painted.png"}],
                "render": render,
                "deliver": {"institution": "Archive", "restorationist": "Person"},
            }
        )
        job = Job(project, tmp_path, SilentProgress())
        section = ClipSection(path="scan/reel.%04d.exr")
        job.save(Clips(source=media.probe(job.resolve(section.path), section)))
        shot = Shot(number=1, frames=FrameRange(first=101, last=103))
        pair = Pair(source=101, picture="/home/somebody/painted.png", shot=1, kind="constructed")
        job.save(PairList(shots=(shot,), pairs=(pair,)))
        job.save(Alignments(crop=WHOLE, admitted=(alignment(pair),)))
        job.save(trained())
        return job

    return make


def alignment(pair: Pair) -> Alignment:
    return make_alignment(pair, WHOLE)


def trained() -> TrainedModel:
    return make_model(id=MODEL_ID, train_frames=(101,))


def masters(job: Job) -> list[Path]:
    return [job.folder("render") / frame.file for frame in job.load(Rendering).frames]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def test_aces_round_trips(make_job: MakeJob) -> None:
    """Values from 0 to 16 and outside Rec.709 survive within the rounding of half floats."""
    job = make_job()
    before = digests(job.root / "scan")
    stage.run(job)
    found = media.read_picture(masters(job)[1], WORKING_SPACE)
    expected = media.read_picture(job.root / "scan/reel.0102.exr", WORKING_SPACE)
    assert float((expected == 0).sum()) > 100
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=2e-6)
    assert float(found.max()) == 16
    assert digests(job.root / "scan") == before


def test_the_header_holds_the_record(make_job: MakeJob) -> None:
    job = make_job()
    stage.run(job)
    path = masters(job)[2]
    assert path.name == f"reel_s001_v001_{MODEL_ID}.0000103.exr"
    spec = oiio.ImageInput.open(str(path)).spec()
    assert spec["smpte:TimeCode"] == (0x01000002, 0)
    assert spec["smpte:KeyCode"] == KEYCODE
    assert spec["framesPerSecond"] == (24, 1)
    assert spec["PixelAspectRatio"] == pytest.approx(16 / 11)
    assert spec["DateTime"] == CAPTURED
    source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    expected = {
        "Iptc4xmpExt:DigitalSourceType": f"{source_type}compositeWithTrainedAlgorithmicMedia",
        "unfade:film": "Reel",
        "unfade:shot": "s001",
        "unfade:frame": 103,
        "unfade:predictedErrorMean": "2.000",
        "unfade:beyondPairs": "0.250",
        "unfade:method": "networks",
        "unfade:methodChosenBy": "default, without a hold-out pair",
        "unfade:version": 1,
        "unfade:model": MODEL_ID,
        "unfade:recoveryType": "constructed reference",
        "unfade:source": "reel.%04d.exr",
        "unfade:reference": "painted.png",
    }
    assert {name: spec[name] for name in expected} == expected
    assert not {"unfade:institution", "unfade:restorationist"} & {
        one.name for one in spec.extra_attribs
    }
    assert spec["Software"].startswith("unfade ")
    content = path.read_bytes()
    assert str(job.root).encode() not in content
    assert b"/home" not in content


def test_a_strict_aces_container(make_job: MakeJob) -> None:
    job = make_job(strict=True)
    stage.run(job)
    spec = oiio.ImageInput.open(str(masters(job)[0])).spec()
    assert (spec["acesImageContainerFlag"], spec["compression"]) == (1, "none")
    assert spec.channelnames == ("R", "G", "B")
    with pytest.raises(ProjectError, match=r"ST 2065-4.* holds only ACES2065-1"):
        stage.run(make_job(strict=True, colorspace="ACEScg"))


@pytest.mark.parametrize(
    ("render", "suffix", "max_code"),
    [
        ({"format": "tiff"}, "tif", 65535),
        ({"format": "dpx"}, "dpx", 65535),
        ({"format": "dpx", "bits": 10, "colorspace": "ADX10"}, "dpx", 1023),
    ],
)
def test_integer_formats_record_clipped_values(
    make_job: MakeJob, render: dict[str, object], suffix: str, max_code: int
) -> None:
    job = make_job(**render)
    stage.run(job)
    rendering = job.load(Rendering)
    space = str(render.get("colorspace", WORKING_SPACE))
    assert rendering.colorspace == space
    path = masters(job)[1]
    source_lin = media.read_picture(job.root / "scan/reel.0102.exr", WORKING_SPACE)
    stored = media.to_space(source_lin, "ACES2065-1", space)
    found = media.read_picture(path, WORKING_SPACE)
    torch.testing.assert_close(found, stored.clamp(0, 1), atol=0.51 / max_code, rtol=0)
    outside = (stored < -0.5 / max_code) | (stored > 1 + 0.5 / max_code)
    assert abs(rendering.frames[1].cut - int(outside.sum())) <= 3
    assert rendering.frames[1].cut > 100
    sidecar = json.loads((path.parent / str(rendering.frames[1].sidecar)).read_text())
    assert sidecar["values_cut"] == rendering.frames[1].cut
    assert sidecar["timecode"] == "01:00:00:01"
    assert sidecar["record"]["unfade:model"] == MODEL_ID
    assert path.suffix == f".{suffix}"
    for written in (path, path.parent / str(rendering.frames[1].sidecar)):
        assert str(job.root).encode() not in written.read_bytes()
        assert b"/home" not in written.read_bytes()


def test_a_missing_sidecar_is_written_again_and_other_formats_are_removed(
    make_job: MakeJob,
) -> None:
    job = make_job(format="tiff")
    stage.run(job)
    before = digests(job.folder("render"))
    sidecar = job.folder("render") / str(job.load(Rendering).frames[0].sidecar)
    sidecar.unlink()
    stage.run(job)
    assert digests(job.folder("render")) == before
    stage.run(make_job(format="dpx"))
    suffixes = {Path(name).suffix for name in digests(job.folder("render"))}
    assert suffixes == {".dpx", ".json"}


@pytest.mark.parametrize("render", [{}, {"strict": True}, {"format": "tiff"}])
def test_predicted_errors_are_read_back_after_a_kill(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, render: dict[str, object]
) -> None:
    """They come from the headers or sidecars of existing masters."""
    job = make_job(**render)
    stage.run(job)
    first = job.load(Rendering)
    assert first.frames[0].predicted_error == PredictedError(mean=2.0, p95=2.9, beyond=0.25)
    (job.root / Rendering.PATH).unlink()
    monkeypatch.setattr(units, "recover", None)
    stage.run(job)
    assert job.load(Rendering) == first


@pytest.mark.parametrize("changed", [{"compression": "dwaa"}, {"colorspace": "ACEScg"}])
def test_a_killed_render_with_other_settings_is_resumed(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    """The masters of the render before have the same names and other checksums."""
    stage.run(make_job())
    rendered: list[Tensor] = []

    def recover(source_rgb: Tensor, *_: object) -> RecoveredFrame:
        if len(rendered) == 2:
            raise ConnectionError("killed")
        rendered.append(source_rgb)
        return RecoveredFrame(source_rgb, ErrorMap(torch.ones(1, 2, 3), torch.ones(1, 2, 3)))

    monkeypatch.setattr(units, "recover", recover)
    with pytest.raises(ConnectionError, match="killed"):
        stage.run(make_job(**changed))
    written = sorted(make_job().folder("render").glob("*.exr"))
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in written]
    assert len(before) == 2
    rendered.clear()
    job = make_job(**changed)
    stage.run(job)
    assert len(rendered) == 1
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in written] == before
    assert len(masters(job)) == 3


@pytest.mark.parametrize("text", ["", "[", "[]", '{"values_cut": 1}', '{"record": 1}'])
def test_a_damaged_sidecar_is_named(make_job: MakeJob, text: str) -> None:
    job = make_job(format="tiff")
    stage.run(job)
    sidecar = job.folder("render") / str(job.load(Rendering).frames[0].sidecar)
    (job.root / Rendering.PATH).unlink()
    remove_results(job.folder("render"))
    sidecar.write_text(text)
    with pytest.raises(WorkError, match=r"\.tif\.json: is damaged .* run 'unfade render' again"):
        stage.run(job)


def test_no_file_outside_the_folder_is_removed(make_job: MakeJob, tmp_path: Path) -> None:
    """Masters that were changed are removed, by the names in the record of a stranger."""
    outside = tmp_path / "precious.exr"
    outside.write_text("precious")
    job = make_job()
    stage.run(job)
    record = job.root / Rendering.PATH
    name = job.load(Rendering).frames[0].file
    record.write_text(record.read_text().replace(name, os.path.relpath(outside, record.parent)))
    stage.run(job)
    assert outside.read_text() == "precious"
    assert job.load(Rendering).frames[0].file == name


def test_no_file_outside_the_folder_is_removed_after_a_killed_render(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """The results of units name masters, too."""
    outside = tmp_path / "precious.exr"
    outside.write_text("precious")
    name = os.path.relpath(outside, make_job().folder("render"))
    record = make_rendered_frame(1).model_dump(mode="json") | {"file": name}
    facts = [{"record": record, "size": 1, "mtime_ns": 1}]
    with pytest.raises(ValueError, match="name of a file"):
        stage._is_unchanged(make_job().folder("render"), facts)
    assert outside.read_text() == "precious"


def test_a_range_without_frames_removes_no_master(make_job: MakeJob) -> None:
    job = make_job()
    stage.run(job)
    before = digests(job.folder("render"))
    with pytest.raises(ProjectError, match=r"no frame of the scan lies between 'render\.first"):
        stage.run(make_job(compression="dwaa", first=999999))
    assert digests(job.folder("render")) == before


@pytest.mark.parametrize(
    "name", ["mine.tif", "notes.txt", f"reel_s001_v001_{MODEL_ID}.0000101.exr"]
)
def test_files_of_others_are_not_overwritten(make_job: MakeJob, name: str) -> None:
    job = make_job()
    (job.folder("render") / name).write_text("mine")
    with pytest.raises(WorkError, match="was not made by Unfade"):
        stage.run(job)
    assert (job.folder("render") / name).read_text() == "mine"


def in_two_shots(job: Job) -> Job:
    """The job with the third frame in a shot of its own."""
    ranges = (FrameRange(first=101, last=102), FrameRange(first=103, last=103))
    two_shots = tuple(Shot(number=n, frames=one) for n, one in enumerate(ranges, start=1))
    job.save(job.load(PairList).model_copy(update={"shots": two_shots}))
    return job


def test_naming_film_gives_one_sequence(make_job: MakeJob) -> None:
    """Resolve, Nuke and `unfade merge` read it as one clip."""
    job = in_two_shots(make_job(naming="film"))
    stage.run(job)
    names = [path.name for path in masters(job)]
    assert names == [f"reel_v001_{MODEL_ID}.0000{n}.exr" for n in (101, 102, 103)]
    pattern = job.folder("render") / f"reel_v001_{MODEL_ID}.%07d.exr"
    found = media.probe(str(pattern), ClipSection(path=str(pattern)))
    assert (found.frames.first, found.frames.last) == (101, 103)
    assert oiio.ImageInput.open(str(masters(job)[2])).spec()["unfade:shot"] == "s002"


@pytest.mark.parametrize("kind", ["exr", "tiff"])
def test_a_change_of_naming_renders_nothing(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    job = in_two_shots(make_job(format=kind))
    stage.run(job)
    before = [frame.sha256 for frame in job.load(Rendering).frames]
    monkeypatch.setattr(units, "recover", None)
    for naming, second in (("film", "reel_v001"), ("shot", "reel_s002_v001")):
        job = in_two_shots(make_job(format=kind, naming=naming))
        stage.run(job)
        frames = job.load(Rendering).frames
        assert [frame.sha256 for frame in frames] == before
        assert frames[2].file.startswith(f"{second}_{MODEL_ID}.0000103")
        files = {path.name for path in job.folder("render").iterdir()} - stage.RECORD_FILES
        sidecars = {frame.sidecar for frame in frames} - {None}
        assert files == {frame.file for frame in frames} | sidecars
        for frame in frames:
            if frame.sidecar is not None:
                sidecar = json.loads((job.folder("render") / frame.sidecar).read_text())
                assert sidecar["file"] == frame.file


def test_dpx_masters_hold_their_process_history(make_job: MakeJob) -> None:
    """In the user data of the header, with a line for the film, its scan and the recovery."""
    job = make_job(format="dpx", bits=10)
    stage.run(job)
    content = next(job.folder("render").glob("*.dpx")).read_bytes()
    assert content[2048:2080].rstrip(b"\0") == b"FADGI process history"
    film, scanned, recovered = content[2080:].split(b"\r\n")[:3]
    assert film == b"O=film, C=color, F=24, D=faded dyes"
    assert scanned == b"O=openexr, R=40x24, M=ACES2065-1, T=reel.%04d.exr"
    assert recovered.startswith(
        b"O=DPXv2, W=10-bit, R=40x24, M=Gamma 2.4 Encoded Rec.709, T=unfade "
    )
    assert f"model {MODEL_ID}".encode() in recovered
    assert b"compositeWithTrainedAlgorithmicMedia" in recovered
    assert b"/home" not in content
    assert b"Person" not in content


def test_a_change_of_naming_renders_dpx_again(make_job: MakeJob) -> None:
    """The header of DPX holds the file name."""
    stage.run(make_job(format="dpx"))
    job = make_job(format="dpx", naming="film")
    stage.run(job)
    for path in masters(job):
        assert path.name.encode() in path.read_bytes()[:200]
    assert len(list(job.folder("render").glob("*.dpx"))) == 3


def test_a_range_keeps_masters_outside_it_for_a_later_render(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    stage.run(job)
    whole = job.load(Rendering)
    monkeypatch.setattr(units, "recover", None)
    job = make_job(first=102, last=102)
    stage.run(job)
    assert [frame.frame for frame in job.load(Rendering).frames] == [102]
    assert job.load(Rendering).part_of(FrameRange(first=101, last=103)) is not None
    assert len(list(job.folder("render").glob("*.exr"))) == 3
    stage.run(make_job())
    assert job.load(Rendering) == whole
    assert whole.part_of(FrameRange(first=101, last=103)) is None


def test_a_master_is_read_once_for_its_checksum(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directly after it is written; a later render, also in another process, reads none again."""
    read: list[str] = []

    def spy(path: Path) -> str:
        read.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr("unfade.work.digest_cache.digest", spy)
    job = make_job()
    stage.run(job)
    names = [path.name for path in masters(job)]
    assert sorted(name for name in read if name in names) == names
    job.save_digests()
    stage.run(make_job())
    assert sorted(name for name in read if name in names) == names
    masters(job)[1].write_bytes(b"damaged")
    stage.run(make_job())
    assert job.load(Rendering).frames[1].sha256 == spy(masters(job)[1])
    assert masters(job)[1].read_bytes() != b"damaged"


def test_a_changed_credit_renders_nothing(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    stage.run(job)
    before = job.load(Rendering)
    deliver = job.project.deliver.model_copy(update={"institution": "Another Archive"})
    credited = job.project.model_copy(update={"deliver": deliver})
    monkeypatch.setattr(units, "recover", None)
    stage.run(Job(credited, job.root, SilentProgress()))
    assert job.load(Rendering) == before


def test_masters_do_not_depend_on_the_number_of_cores(
    make_job: MakeJob, set_cores: Callable[[int], None]
) -> None:
    found = []
    for cores in (1, 3):
        set_cores(cores)
        job = make_job()
        stage.run(job)
        found.append([frame.sha256 for frame in job.load(Rendering).frames])
        for path in masters(job):
            path.unlink()
    assert found[0] == found[1]


def test_a_failure_in_one_of_several_threads_leaves_whole_masters_only(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, set_cores: Callable[[int], None]
) -> None:
    recover, all_running = units.recover, threading.Barrier(3, timeout=10)

    def fail_in_one(*arguments: object) -> RecoveredFrame:
        if all_running.wait() == 0:
            raise ConnectionError("lost")
        return recover(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(units, "recover", fail_in_one)
    set_cores(3)
    job = make_job()
    with pytest.raises(ConnectionError, match="lost"):
        stage.run(job)
    names = {path.name for path in job.folder("render").iterdir()}
    assert len(names - stage.RECORD_FILES) == 2
    assert not any("partial" in name for name in names)
    monkeypatch.setattr(units, "recover", recover)
    stage.run(job)
    assert len(masters(job)) == 3


def without_frame_102(job: Job, setting: DamageSetting) -> Job:
    """The same film, whose frame 102 is missing, as ingest leaves it."""
    (job.root / "scan/reel.0102.exr").unlink()
    hole = DamagedFrames(first=102, last=102, fault="missing")
    damage = Damage(frames=(hole,), setting=setting)
    source = job.load(Clips).source.model_copy(update={"damage": damage})
    job.save(Clips(source=source))
    return job


def test_a_held_frame_is_on_record_in_its_master(make_job: MakeJob) -> None:
    job = without_frame_102(make_job(), "hold")
    stage.run(job)
    assert not job.load(Rendering).skipped
    before, held, _ = masters(job)
    picture = media.read_picture(held, WORKING_SPACE)
    assert torch.equal(picture, media.read_picture(before, WORKING_SPACE))
    spec = oiio.ImageInput.open(str(held)).spec()
    assert spec["unfade:heldFrom"] == 101
    assert spec["unfade:frame"] == 102
    assert spec.getattribute("smpte:KeyCode") is None
    assert oiio.ImageInput.open(str(before)).spec().getattribute("unfade:heldFrom") is None


def test_a_skipped_frame_gets_no_master(make_job: MakeJob) -> None:
    job = without_frame_102(make_job(), "skip")
    stage.run(job)
    rendering = job.load(Rendering)
    assert [frame.frame for frame in rendering.frames] == [101, 103]
    assert rendering.skipped.caveat() == "damaged frames without a master (102: missing)"
    assert rendering.part_of(FrameRange(first=101, last=103)) is None
    assert rendering.part_of(FrameRange(first=101, last=104)) is not None
    assert len(list(job.folder("render").glob("*.exr"))) == 2


def test_a_range_of_skipped_frames_alone_is_refused(make_job: MakeJob) -> None:
    job = without_frame_102(make_job(first=102, last=102), "skip")
    with pytest.raises(ProjectError, match="every frame to render is damaged and skipped; set"):
        stage.run(job)
