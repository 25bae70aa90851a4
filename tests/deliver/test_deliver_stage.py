import hashlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import bagit
import pytest

from unfade.deliver import stage
from unfade.deliver.bag import place_file
from unfade.errors import WorkError
from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Area, Clip, Clips
from unfade.film.delivery import Delivery
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.project import Project
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Measure, Report, Verdict
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.work import Job

Item = TypeVar("Item")
PAINTED = Pair(
    source=2,
    picture="/home/someone/painted/2.png",
    shot=1,
    kind="constructed",
    aligned=True,
    note="Jacket after the lobby card",
)
AREA = Area(x=0, y=0, width=4, height=3)


class Silent:
    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        yield from items

    def say(self, message: str) -> None:
        pass


def make_job(root: Path) -> Job:
    project = {
        "film": {"title": "Candy, Candy!"},
        "source": {"path": "/home/someone/scan.%04d.dpx"},
        "reference": {"path": "/home/someone/dvd.mkv"},
        "pair": [{"source": 2, "reference": "/home/someone/painted/2.png"}],
        "deliver": {
            "institution": "An\nArchive",
            "restorationist": "A Person",
            "note": "Reel 1",
            "movie": "none",
        },
    }
    return Job(Project.model_validate(project), root, Silent())


def write_master(job: Job, frame: int, content: bytes) -> RenderedFrame:
    path = job.folder("render") / f"candy_s001_v002_{frame}.exr"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return RenderedFrame(frame=frame, shot=1, file=path.name, sha256=digest)


def save_report(job: Job, verdict: Verdict) -> None:
    measure = Measure(name="luma_excess_max", value=0.01, unit="of range", limit=0.0, ok=False)
    job.save(Report(verdict=verdict, reasons=("Look again.",), measures=(measure,)))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A validated film of three frames; its files hold no pictures, which nobody reads here."""
    job = make_job(tmp_path)
    clip = Clip(
        path="/home/someone/scan.%04d.dpx",
        kind="sequence",
        frames=FrameRange(first=1, last=3),
        rate=Fraction(24),
        width=4,
        height=3,
        pixel_aspect=Fraction(1),
        colorspace="ACEScct",
        live_area=AREA,
    )
    alignment = Alignment(
        pair=PAINTED,
        kind="identity",
        matrix=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        residual=0.0,
        residual_p95=0.0,
        inliers=0,
        coverage=AREA,
    )
    refused = Rejection(pair=PAINTED.model_copy(update={"source": 3}), reason="Out of time")
    shot = Shot(number=1, frames=clip.frames)
    job.save(Clips(source=clip))
    job.save(PairList(shots=(shot,), pairs=(PAINTED,), rejected=(refused,)))
    job.save(Alignments(crop=AREA, admitted=(alignment,), rejected=()))
    job.save(
        TrainedModel(
            id="0123456789ab",
            size="small",
            parameters=1234,
            steps=10,
            best_step=5,
            colorspace="Gamma 2.4 Encoded Rec.709",
            file="model.safetensors",
            baseline_file="baseline.safetensors",
            train_frames=(2,),
            holdout_frames=(),
            carried_frames=(1, 3),
            held_out=None,
            baseline_held_out=None,
            faded_held_out=None,
        )
    )
    frames = [write_master(job, frame, bytes([frame]) * frame) for frame in (1, 2, 3)]
    job.save(
        Rendering(
            model_id="0123456789ab",
            version=2,
            colorspace="ACES2065-1",
            compression="dwaa",
            frames=tuple(frames),
        )
    )
    for name in ("model.safetensors", "baseline.safetensors"):
        (job.folder("train") / name).write_bytes(name.encode())
    for name in ("report.html", "split-000002.png"):
        (job.folder("validate") / name).write_bytes(name.encode())
    save_report(job, "review")
    return job


def bag_of(job: Job) -> Path:
    return job.folder("deliver") / job.load(Delivery).bag


def test_bag_is_valid_and_whole(job: Job) -> None:
    stage.run(job)

    place = bag_of(job)
    assert place.name == "candy-candy-v002"
    assert bagit.Bag(str(place)).validate()
    files = {str(path.relative_to(place / "data")) for path in place.rglob("data/**/*.*")}
    assert files == {
        "masters/candy_s001_v002_1.exr",
        "masters/candy_s001_v002_2.exr",
        "masters/candy_s001_v002_3.exr",
        "model/model.safetensors",
        "model/baseline.safetensors",
        "model/model.json",
        "pairs.json",
        "alignments.json",
        "settings.json",
        "report.html",
        "report.json",
        "stills/split-000002.png",
        "validation-note.txt",
    }


def test_delivery_counts_what_the_bag_holds(job: Job) -> None:
    stage.run(job)

    delivery = job.load(Delivery)
    oxum = bagit.Bag(str(bag_of(job))).info["Payload-Oxum"]
    assert oxum == f"{delivery.bytes}.{delivery.files}"
    assert delivery.verdict == "review"


def test_masters_stay_in_place_and_are_not_copied(job: Job) -> None:
    stage.run(job)

    original = job.folder("render") / "candy_s001_v002_2.exr"
    assert original.read_bytes() == b"\x02\x02"
    assert original.samefile(bag_of(job) / "data" / "masters" / original.name)


def test_files_are_copied_where_links_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("unfade.deliver.bag.os.link", refuse)
    (tmp_path / "original").write_bytes(b"content")
    place_file(tmp_path / "original", tmp_path / "bag" / "copy")

    assert (tmp_path / "bag" / "copy").read_bytes() == b"content"
    assert not (tmp_path / "original").samefile(tmp_path / "bag" / "copy")


def test_bag_info_says_whose_it_is(job: Job) -> None:
    stage.run(job)

    info = bagit.Bag(str(bag_of(job))).info
    assert info["Source-Organization"] == "An Archive"
    assert info["Contact-Name"] == "A Person"
    assert "verdict review" in info["External-Description"]
    assert info["Bag-Software-Agent"].startswith("Unfade ")


def test_no_path_of_the_machine_leaves_the_house(job: Job) -> None:
    stage.run(job)

    for path in bag_of(job).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"/home" not in content, path
            assert str(job.root).encode() not in content, path


def test_records_in_the_bag_can_be_read_again(job: Job) -> None:
    stage.run(job)

    data = bag_of(job) / "data"
    pairs = PairList.from_json((data / "pairs.json").read_text(encoding="utf-8"))
    assert pairs.pairs[0].picture == pairs.rejected[0].pair.picture == "2.png"
    assert Alignments.from_json((data / "alignments.json").read_text(encoding="utf-8")).admitted
    settings = Project.model_validate_json((data / "settings.json").read_text(encoding="utf-8"))
    assert settings.source.path == "scan.%04d.dpx"
    assert settings.pair[0].reference == "2.png"


@pytest.mark.parametrize(
    "words",
    [
        "Candy, Candy!: validation note",
        "review",
        "Look again.",
        "scan.%04d.dpx, frames 1 to 3 at 24 a second",
        "1 training pairs and 0 hold-out pairs",
        "carried along motion to 2 frames without a pair",
        "turned down: source frame 3: Out of time",
        "(2.png) is constructed, not archival: Jacket after the lobby card",
        "was taken as aligned",
        "Reel 1",
        "0.0100 of range, BEYOND the limit of 0",
        "ACES2065-1, dwaa",
        "model 0123456789ab, size small",
        "A Person, An Archive",
    ],
)
def test_note_tells(job: Job, words: str) -> None:
    stage.run(job)

    note = (bag_of(job) / "data" / "validation-note.txt").read_text(encoding="utf-8")
    assert words in " ".join(note.split())
    assert max(map(len, note.splitlines())) <= 88


@pytest.mark.parametrize(("verdict", "first"), [("reject", "REJECTED"), ("accept", "Candy")])
def test_note_of_a_rejected_rendering_says_so_first(job: Job, verdict: Verdict, first: str) -> None:
    save_report(job, verdict)

    stage.run(job)

    note = (bag_of(job) / "data" / "validation-note.txt").read_text(encoding="utf-8")
    assert note.startswith(first)
    assert job.load(Delivery).verdict == verdict


def test_an_older_bag_is_replaced(job: Job) -> None:
    stage.run(job)
    (bag_of(job) / "data" / "stray.txt").write_text("old", encoding="utf-8")

    stage.run(job)

    assert bagit.Bag(str(bag_of(job))).validate()
    assert sorted(path.name for path in job.folder("deliver").iterdir()) == [
        "candy-candy-v002",
        "delivery.json",
    ]


@pytest.mark.parametrize("info", [None, "Bag-Software-Agent: another tool\n"])
def test_a_folder_of_someone_else_is_refused(job: Job, info: str | None) -> None:
    foreign = job.folder("deliver") / "candy-candy-v002"
    foreign.mkdir()
    (foreign / "precious.txt").write_text("mine", encoding="utf-8")
    if info is not None:
        (foreign / "bag-info.txt").write_text(info, encoding="utf-8")

    with pytest.raises(WorkError, match="not a bag that Unfade made"):
        stage.run(job)

    assert (foreign / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_a_master_that_changed_since_render_is_named_and_nothing_is_left(job: Job) -> None:
    write_master(job, 2, b"flipped")

    with pytest.raises(WorkError, match=r"v002_2\.exr: frame 2 changed"):
        stage.run(job)

    assert list(job.folder("deliver").iterdir()) == []


def test_a_missing_file_is_named(job: Job) -> None:
    (job.folder("train") / "model.safetensors").unlink()

    with pytest.raises(WorkError, match=r"model\.safetensors: is missing"):
        stage.run(job)

    assert list(job.folder("deliver").iterdir()) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [("Candy Candy", "candy-candy-v001"), ("  8½!", "8½-v001"), ("映画", "映画-v001")],
)
def test_bag_names_are_plain(title: str, name: str) -> None:
    assert stage.bag_name(title, 1) == name
