import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import bagit
import pytest

from unfade.deliver import bag, handover, stage
from unfade.deliver.bag import link_or_copy, remove_leftovers
from unfade.deliver.content import DeliveryContent
from unfade.deliver.readme import description_of
from unfade.deliver.shared_records import picture_paths
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.balance import IDENTITY_BALANCE, FilmBalance
from unfade.film.clip import Area, Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.delivery import Delivery
from unfade.film.model import CarriedColour
from unfade.film.naming import bag_name
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Measure, Report, Verdict
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrames
from unfade.model import Baseline, ChromaModel
from unfade.project.settings import Project
from unfade.report.page import CREDITS_PLACEHOLDER, NOTE_PLACEHOLDER, PEOPLE_PLACEHOLDER
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import (
    make_alignment,
    make_clip,
    make_model,
    make_rendered_frame,
    make_rendering,
    make_used_pair,
    write_grey_baseline,
    write_small_model,
)

PAINTED = Pair(
    source=2,
    picture="painted/2.png",
    shot=1,
    kind="constructed",
    aligned=True,
    colorspace="ACEScg",
    note="Jacket after the lobby card",
)
AREA = Area(x=0, y=0, width=4, height=3)


def make_job(root: Path) -> Job:
    project = {
        "film": {"title": "Candy, Candy!"},
        "source": {"path": "/home/someone/scan.%04d.dpx"},
        "reference": {"path": "/home/someone/dvd.mkv"},
        "pair": [{"source": 2, "reference": "painted/2.png"}],
        "deliver": {
            "institution": "An\nArchive",
            "restorationist": "A Person",
            "note": "Reel 1",
            "movie": "none",
        },
    }
    return Job(Project.model_validate(project), root, SilentProgress())


def write_master(job: Job, frame: int, content: bytes) -> RenderedFrame:
    path = job.folder("render") / f"candy_s001_v002_{frame}.exr"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return make_rendered_frame(frame, file=path.name, sha256=digest)


def save_report(job: Job, verdict: Verdict) -> None:
    measure = Measure(name="luma_excess_max", value=0.01, unit="of range", limit=0.0, ok=False)
    job.save(Report(verdict=verdict, reasons=("Look again.",), measures=(measure,)))


@pytest.fixture(scope="module", autouse=True)
def quick_models() -> Iterator[None]:
    """Stands for `write_shots`, which tests/model/test_portable.py tests and which takes
    seconds."""

    def write(model: ChromaModel, stems: Mapping[int, Path]) -> None:
        for shot, stem in stems.items():
            for suffix in (".pt", ".onnx"):
                text = f"shot {shot}, by {model.method_of(shot)}"
                stem.with_name(stem.name + suffix).write_text(text, encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover, "write_shots", write)
        yield


def validated_film(folder: Path) -> Job:
    """A validated film of three frames. Its files are no pictures, because deliver reads none."""
    job = make_job(folder)
    (folder / "painted").mkdir()
    (folder / "painted/2.png").write_bytes(b"jacket")
    clip = make_clip(
        "/home/someone/scan.%04d.dpx",
        FrameRange(first=1, last=3),
        4,
        3,
        colorspace="ACEScct",
        live_area=AREA,
    )
    alignment = make_alignment(PAINTED, AREA)
    late = PAINTED.model_copy(update={"source": 3, "picture": None, "reference": 9, "of": "dvd"})
    rejection = Rejection(pair=late, reason="Out of time")
    shot = Shot(number=1, frames=clip.frames)
    job.save(Clips(source=clip))
    job.save(PairList(shots=(shot,), pairs=(PAINTED,), rejected=(rejection,)))
    job.save(FilmBalance(grade=IDENTITY_BALANCE))
    job.save(Alignments(crop=AREA, admitted=(alignment,), rejected=()))
    job.save(
        make_model(
            id="0123456789ab",
            parameters=1234,
            steps=10,
            best_step=5,
            train_frames=(2,),
            carried_frames=(1, 3),
            carried_colour=(
                CarriedColour(shot=1, carried=True, decided_by="default"),
                CarriedColour(shot=2, carried=False, decided_by="film"),
            ),
        )
    )
    job.save(UsedFrames(pairs=(make_used_pair(2, digest(folder / "painted/2.png")),)))
    frames = [write_master(job, frame, bytes([frame]) * frame) for frame in (1, 2, 3)]
    job.save(make_rendering(frames, model_id="0123456789ab", version=2, compression="dwaa"))
    write_small_model(job.folder("train") / "model.safetensors")
    write_grey_baseline(job.folder("train") / "baseline.safetensors", 1)
    page = f"<ul>{CREDITS_PLACEHOLDER}</ul><ul>{NOTE_PLACEHOLDER}</ul>{PEOPLE_PLACEHOLDER}"
    (job.folder("validate") / "report.html").write_text(page)
    (job.folder("validate") / "split-000002.png").write_bytes(b"split")
    save_report(job, "review")
    return job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A validated film."""
    return validated_film(tmp_path)


@pytest.fixture(scope="module")
def delivered(shared_folder: Path, quick_models: None) -> Job:
    """A delivered film, which no test changes."""
    job = validated_film(shared_folder)
    stage.run(job)
    return job


def bag_of(job: Job) -> Path:
    return job.folder("deliver") / job.load(Delivery).bag


def test_bag_is_valid_and_complete(delivered: Job) -> None:
    bag_folder = bag_of(delivered)
    assert bag_folder.name == "candy-candy-v002"
    assert bagit.Bag(str(bag_folder)).validate()
    files = {str(path.relative_to(bag_folder / "data")) for path in bag_folder.rglob("data/**/*.*")}
    assert files == {
        "masters/candy_s001_v002_1.exr",
        "masters/candy_s001_v002_2.exr",
        "masters/candy_s001_v002_3.exr",
        "model/model.safetensors",
        "model/baseline.safetensors",
        "model/model.json",
        "pairs.json",
        "alignments.json",
        "film.toml",
        "frames.json",
        "premis.xml",
        "provenance.json",
        "provenance.schema.json",
        "approvals.json",
        "bookmarks.json",
        "dismissals.json",
        "clips.json",
        "README.txt",
        "handover/candy-candy-v002.otio",
        "handover/candy-candy-v002.xml",
        "handover/candy-candy-v002-original.edl",
        "handover/candy-candy-v002-recovered.edl",
        "handover/candy-candy-v002.nk",
        "handover/from-acescct.clf",
        "handover/from-aces2065-1.clf",
        "handover/models/candy-candy_s001.pt",
        "handover/models/candy-candy_s001.onnx",
        "luts/candy-candy-33.cube",
        "luts/candy-candy-65.cube",
        "luts/candy-candy.clf",
        "luts/candy-candy_s001.cube",
        "rendering.json",
        "settings.json",
        "report.html",
        "report.json",
        "references/2.png",
        "stills/split-000002.png",
        "validation-note.txt",
    }


def test_files_of_the_nuke_script_are_in_the_bag(delivered: Job) -> None:
    """The scan lies where a person may put it, because film.toml names it by an absolute path."""
    folder = bag_of(delivered) / "data/handover"
    script = (folder / "candy-candy-v002.nk").read_text(encoding="utf-8")
    paths = re.findall(r'file "[^/]*root.name\]\]/(.*)"', script)
    assert len(paths) == 5
    for path in paths:
        if path != "../original/scan.%04d.dpx":
            assert (folder / path.replace("%01d", "1")).is_file(), path


def test_models_recover_by_the_method_of_the_masters(job: Job) -> None:
    project = job.project
    by_lut = project.model_copy(update={"render": project.render.model_copy(update={"use": "lut"})})
    stage.run(Job(by_lut, job.root, SilentProgress()))

    model = bag_of(job) / "data/handover/models/candy-candy_s001.pt"
    assert model.read_text(encoding="utf-8") == "shot 1, by lut"


def test_the_readme_says_what_every_file_of_the_bag_is(delivered: Job) -> None:
    payload = bag_of(delivered) / "data"
    text = (payload / "README.txt").read_text(encoding="utf-8")
    for path in payload.rglob("*"):
        if path.is_file():
            description = description_of(path.relative_to(payload).as_posix())
            assert description is not None, path
            assert description in " ".join(text.split())
    assert "review/" not in text
    assert "of version 2," in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 88


def test_delivery_records_the_size_of_the_bag(delivered: Job) -> None:
    delivery = delivered.load(Delivery)
    oxum = bagit.Bag(str(bag_of(delivered))).info["Payload-Oxum"]
    assert oxum == f"{delivery.bytes}.{delivery.files}"
    assert delivery.verdict == "review"


def test_masters_in_the_bag_are_hard_links(delivered: Job) -> None:
    original = delivered.folder("render") / "candy_s001_v002_2.exr"
    assert original.read_bytes() == b"\x02\x02"
    assert original.samefile(bag_of(delivered) / "data" / "masters" / original.name)


def test_files_are_copied_if_links_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("unfade.deliver.bag.os.link", fail)
    (tmp_path / "original").write_bytes(b"content")
    link_or_copy(tmp_path / "original", tmp_path / "bag" / "copy")

    assert (tmp_path / "bag" / "copy").read_bytes() == b"content"
    assert not (tmp_path / "original").samefile(tmp_path / "bag" / "copy")


def test_bag_info_names_institution_person_and_software(delivered: Job) -> None:
    info = bagit.Bag(str(bag_of(delivered))).info
    assert info["Source-Organization"] == "An Archive"
    assert info["Contact-Name"] == "A Person"
    assert "verdict review" in info["External-Description"]
    assert info["Bag-Software-Agent"].startswith("Unfade ")


def test_no_file_of_the_bag_has_a_path_of_this_machine(delivered: Job) -> None:
    for path in bag_of(delivered).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"/home" not in content, path
            assert str(delivered.root).encode() not in content, path


def test_records_in_the_bag_can_be_loaded(delivered: Job) -> None:
    data = bag_of(delivered) / "data"
    pairs = PairList.from_json((data / "pairs.json").read_text(encoding="utf-8"))
    assert pairs.pairs[0].picture == "references/2.png"
    assert Alignments.from_json((data / "alignments.json").read_text(encoding="utf-8")).admitted
    settings = Project.model_validate_json((data / "settings.json").read_text(encoding="utf-8"))
    assert settings.source.path == "scan.%04d.dpx"
    assert settings.pair[0].reference == "references/2.png"


@pytest.mark.parametrize(
    "words",
    [
        "Candy, Candy!: validation note",
        "review",
        "Look again.",
        "no person has decided on these masters",
        "scan.%04d.dpx, frames 1 to 3 at 24 a second",
        "1 training pair (0 direct, 1 constructed), which taught, 0 hold-out pairs, which chose",
        "carried along motion to 2 frames without a pair",
        "in 1 of 2 shots no colour was carried",
        "rejected: source frame 3: Out of time",
        "(references/2.png) is constructed, not archival: Jacket after the lobby card",
        "was declared aligned by a person, so it was not registered.",
        "was read as ACEScg, as a person stated.",
        "Reel 1",
        "0.0100 of range, BEYOND the limit of 0",
        "ACES2065-1, dwaa",
        "model 0123456789ab, size small",
        "colour by networks, chosen by default, without a hold-out pair: shots s001",
        "A Person, An Archive",
    ],
)
def test_note_says(delivered: Job, words: str) -> None:
    note = (bag_of(delivered) / "data" / "validation-note.txt").read_text(encoding="utf-8")
    headings = [line for line in note.splitlines() if line.isupper()]
    assert headings == [
        "VERDICT",
        "DECISION",
        "NOTES OF PEOPLE",
        "FIGURES",
        "ELEMENTS",
        "REFERENCES",
        "ASSUMPTIONS AND CAVEATS",
        "MASTERS",
        "MADE BY",
    ]
    assert words in " ".join(note.split())
    assert max(map(len, note.splitlines())) <= 88


@pytest.mark.parametrize(("verdict", "first"), [("reject", "REJECTED"), ("accept", "Candy")])
def test_note_of_a_rejected_rendering_begins_with_a_warning(
    job: Job, verdict: Verdict, first: str
) -> None:
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
def test_a_folder_that_is_no_bag_of_unfade_is_not_replaced(job: Job, info: str | None) -> None:
    foreign = job.folder("deliver") / "candy-candy-v002"
    foreign.mkdir()
    (foreign / "precious.txt").write_text("mine", encoding="utf-8")
    if info is not None:
        (foreign / "bag-info.txt").write_text(info, encoding="utf-8")

    with pytest.raises(WorkError, match="not a bag that Unfade made"):
        stage.run(job)

    assert (foreign / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_error_names_a_file_that_changed_while_it_was_packed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not name the hidden folder, which is removed."""

    def write_tags(folder: Path, *_: object) -> None:
        original_write_tags(folder, *_)
        report = folder / "data/report.json"
        report.write_bytes(report.read_bytes()[::-1])

    original_write_tags = bag._write_tags
    monkeypatch.setattr(bag, "_write_tags", write_tags)
    with pytest.raises(WorkError) as caught:
        stage.run(job)
    assert str(caught.value) == (
        f"{job.folder('deliver')}: report.json changed while it was packed; "
        "run 'unfade deliver' again"
    )


def test_error_names_a_master_that_changed_since_render(job: Job) -> None:
    write_master(job, 2, b"flipped")

    with pytest.raises(WorkError, match=r"v002_2\.exr: frame 2 changed"):
        stage.run(job)

    assert list(job.folder("deliver").iterdir()) == []


def test_error_names_a_missing_file(job: Job) -> None:
    (job.folder("train") / "model.safetensors").unlink()

    with pytest.raises(WorkError, match=r"model\.safetensors: is missing"):
        stage.run(job)

    assert list(job.folder("deliver").iterdir()) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [("Candy Candy", "candy-candy-v001"), ("  8½!", "8½-v001"), ("映画", "映画-v001")],
)
def test_bag_names_have_no_spaces_or_punctuation(title: str, name: str) -> None:
    assert bag_name(title, 1) == name


def test_people_and_note_are_on_the_page_of_the_bag(job: Job) -> None:
    """The page of validate has neither, so that a changed credit needs no new validation."""
    deliver = job.project.deliver.model_copy(update={"note": "Reel <2> is lost"})
    job = Job(job.project.model_copy(update={"deliver": deliver}), job.root, SilentProgress())
    stage.run(job)

    data = bag_of(job) / "data"
    page = (data / "report.html").read_text(encoding="utf-8")
    assert "<li><span>Restorationist</span> A Person</li>" in page
    assert "<li>Reel &lt;2&gt; is lost</li>" in page
    assert "Reel <2> is lost" in (data / "validation-note.txt").read_text(encoding="utf-8")
    assert "Nobody set a bookmark" in page
    assert "A Person" not in (job.folder("validate") / "report.html").read_text(encoding="utf-8")


def test_painted_pictures_are_in_the_bag_as_copies(delivered: Job) -> None:
    copy = bag_of(delivered) / "data/references/2.png"
    assert copy.read_bytes() == b"jacket"
    assert not copy.samefile(delivered.root / "painted/2.png")
    manifest = (bag_of(delivered) / "manifest-sha256.txt").read_text(encoding="utf-8")
    assert f"{hashlib.sha256(b'jacket').hexdigest()}  data/references/2.png" in manifest


def test_error_names_a_missing_painted_picture(job: Job) -> None:
    (job.root / "painted/2.png").unlink()
    with pytest.raises(WorkError, match=r"painted/2\.png: is missing; restore the file"):
        stage.run(job)
    assert list(job.folder("deliver").iterdir()) == []


def test_error_names_a_painted_picture_that_was_changed_during_the_run(job: Job) -> None:
    (job.root / "painted/2.png").write_bytes(b"anorak")
    with pytest.raises(WorkError, match=r"painted/2\.png: was changed after the run had read it"):
        stage.run(job)
    assert list(job.folder("deliver").iterdir()) == []


@pytest.mark.parametrize(
    ("pictures", "names"),
    [
        ({2: "a/2.png", 3: "b/3.png"}, ["2.png", "3.png"]),
        ({2: "a/still.png", 3: "b/still.png"}, ["0000002-still.png", "0000003-still.png"]),
        ({2: "a/S.png", 3: "b/s.PNG"}, ["0000002-S.png", "0000003-s.PNG"]),
        ({2: "a/x.png", 3: "b/x.png", 9: "0000002-x.png"}, None),
        ({2: "a/s.png", 3: "a/s.png"}, ["s.png", "s.png"]),
        ({2: "a\u2028b.png", 3: " c\x85.png "}, ["a_b.png", "_c_.png_"]),
        ({2: "50%.png", 3: "C:\\art\\a\nb.png", 4: "\udcff.png"}, ["50_.png", "a_b.png", "_.png"]),
    ],
)
def test_pictures_have_unique_paths(pictures: dict[int, str], names: list[str] | None) -> None:
    paths = picture_paths(pictures)
    if names is not None:
        assert list(paths.values()) == [f"references/{name}" for name in names]
    assert len(set(paths.values())) == len(set(pictures.values()))


def part(job: Job, *numbers: int) -> Job:
    """The job after a rendering of only some of its frames."""
    rendering = job.load(Rendering)
    frames = tuple(frame for frame in rendering.frames if frame.frame in numbers)
    job.save(rendering.model_copy(update={"frames": frames}))
    return job


def test_a_part_of_a_film_has_a_bag_of_its_own(job: Job) -> None:
    stage.run(job)
    whole = bag_of(job)
    stage.run(part(job, 1, 2))

    assert bag_of(job).name == "candy-candy-v002-frames-1-2"
    assert bagit.Bag(str(whole)).validate()
    assert len(list((whole / "data/masters").iterdir())) == 3
    info = bagit.Bag(str(bag_of(job))).info
    assert (
        "2 recovered frames, a part: frames 1 to 2 of 1 to 3, ACES2065-1"
        in info["External-Description"]
    )
    note = (bag_of(job) / "data/validation-note.txt").read_text(encoding="utf-8")
    assert note.startswith("Candy, Candy!: validation note of a part, frames 1 to 2 of 1 to 3\n")
    assert "2 frames, 1 to 2; a part of the film: frames 1 to 2 of 1 to 3" in " ".join(note.split())


def test_leftovers_of_a_killed_delivery_are_removed(job: Job) -> None:
    """A half-built bag is removed, a bag being replaced is restored."""
    stage.run(job)
    bag_folder = bag_of(job)
    for name in (".candy-candy-v001.building", ".candy-candy-v001-frames-1-2.building"):
        (bag_folder.with_name(name) / "data").mkdir(parents=True)
    bag_folder.rename(bag_folder.with_name(f".{bag_folder.name}.older"))
    remove_leftovers(bag_folder.parent)
    assert sorted(path.name for path in bag_folder.parent.iterdir()) == [
        bag_folder.name,
        "delivery.json",
    ]
    assert bagit.Bag(str(bag_folder)).validate()
    shutil.copytree(bag_folder, bag_folder.with_name(f".{bag_folder.name}.older"))
    stage.run(job)
    assert sorted(path.name for path in bag_folder.parent.iterdir()) == [
        bag_folder.name,
        "delivery.json",
    ]


def test_masters_are_read_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The validation of the bag compares them with the checksums of render."""
    read: list[str] = []
    hashed = bagit._calculate_file_hashes

    def spy(path: str, hashers: object) -> object:
        read.append(Path(path).name)
        return hashed(path, hashers)

    taken: list[str] = []
    monkeypatch.setattr(bagit, "_calculate_file_hashes", spy)
    monkeypatch.setattr(bag, "digest", lambda path: taken.append(path.name) or digest(path))
    stage.run(job)
    masters = [frame.file for frame in job.load(Rendering).frames]
    assert sorted(name for name in read if name in masters) == masters
    assert not set(taken) & set(masters)


@pytest.fixture
def drawn(job: Job, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the bags for which review movies were made."""
    bags: list[str] = []

    def draw(job: Job, delivered: DeliveryContent, baseline: Baseline, folder: Path) -> None:
        folder.mkdir()
        bags.append(delivered.name)
        (folder / f"{delivered.name}-split.mp4").write_text(f"movie {len(bags)}")

    monkeypatch.setattr(stage, "_write_review_movies", draw)
    return bags


def with_movies(job: Job, **deliver: object) -> Job:
    section = job.project.deliver.model_copy(update={"movie": "h264", **deliver})
    return Job(job.project.model_copy(update={"deliver": section}), job.root, SilentProgress())


def test_a_changed_credit_makes_no_new_review_movies(job: Job, drawn: list[str]) -> None:
    stage.run(with_movies(job))
    stage.run(with_movies(job, institution="Another Archive"))
    assert drawn == ["candy-candy-v002"]
    assert bagit.Bag(str(bag_of(job))).validate()
    movie = bag_of(job) / "data/review/candy-candy-v002-split.mp4"
    assert movie.read_text() == "movie 1"
    assert job.load(Delivery).review_key is not None


@pytest.mark.parametrize("what", ["masters", "codec", "movie", "part", "bag"])
def test_review_movies_are_made_again_if_they_are_damaged_or_out_of_date(
    job: Job, drawn: list[str], what: str
) -> None:
    stage.run(with_movies(job))
    movie = bag_of(job) / "data/review/candy-candy-v002-split.mp4"
    deliver: dict[str, object] = {}
    if what == "masters":
        rendering, again = job.load(Rendering), write_master(job, 2, b"another")
        frames = [again if frame.frame == 2 else frame for frame in rendering.frames]
        job.save(rendering.model_copy(update={"frames": tuple(frames)}))
    elif what == "codec":
        deliver["movie"] = "prores"
    elif what == "movie":
        movie.write_text("MOVIE 1")
    elif what == "part":
        part(job, 1, 2)
    else:
        shutil.rmtree(bag_of(job))
    stage.run(with_movies(job, **deliver))
    assert len(drawn) == 2
    assert bagit.Bag(str(bag_of(job))).validate()


def test_note_and_readme_list_damaged_frames(job: Job) -> None:
    hole = DamagedFrames(first=2, last=2, fault="empty")
    damage = Damage(frames=(hole,), setting="hold")
    source = job.load(Clips).source.model_copy(update={"damage": damage})
    job.save(Clips(source=source))
    stage.run(job)
    words = "The scan has damaged frames that show the nearest good frame (2: empty)"
    for name in ("validation-note.txt", "README.txt"):
        text = " ".join((bag_of(job) / "data" / name).read_text().split())
        assert words in text
