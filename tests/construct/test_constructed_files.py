"""The record beside the picture of a constructed frame, and what is said if files do not fit it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unfade.construct.assumptions import read_assumptions
from unfade.construct.constructed_pairs import constructed_frames
from unfade.construct.frame import ConstructedFrame
from unfade.errors import ProjectError
from unfade.film.assumptions import AssumedPoint, Assumptions
from unfade.project.file import load_project
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

Run = Callable[..., tuple[int, str]]

FRAME = 3
POINTS = (
    ("20,20,#8a7a6c,lobby card", "Ada"),
    ("60,50,#5f6b7a,memory", "Grace"),
    ("80,10,coat,", "Ada"),
)


@pytest.fixture(scope="module")
def constructed(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """The folder of a film, before any run."""
    write_small_film(shared_folder / "film")
    return shared_folder / "film"


@pytest.fixture
def film(constructed: Path, run: Run) -> Path:
    """The folder of a film with a constructed frame."""
    if not (constructed / "construct/0000003.json").exists():
        project = constructed / "film.toml"
        run("palette", project, "coat", "#4a5b3c", "--source", "costume, measured")
        for point, author in POINTS:
            status, text = run(
                "construct", project, FRAME, "--point", point, "--author", author, "--propose", 0
            )
            assert status == 0, text
    return constructed


def job_of(folder: Path) -> Job:
    return Job(load_project(folder / "film.toml"), folder, SilentProgress())


def test_the_record_has_every_point_with_colour_source_and_author(film: Path) -> None:
    job = job_of(film)
    assert constructed_frames(job) == [FRAME]
    record = read_assumptions(job, FRAME)
    assert [(one.at, one.colour, one.source, one.author) for one in record.points] == [
        (((20.0, 20.0),), "#8a7a6c", "lobby card", "Ada"),
        (((60.0, 50.0),), "#5f6b7a", "memory", "Grace"),
        (((80.0, 10.0),), "#4a5b3c", "costume, measured", "Ada"),
    ]
    assert record.picture_sha256 == digest(film / "construct/0000003.exr")
    assert record.sheet_sha256 == digest(film / "construct/0000003.png")
    assert 0 < record.uncertainty < 0.2


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("construct/0000003.json", None, "0000003.json: is missing; run 'unfade construct"),
        ("construct/0000003.json", b"{", "0000003.json: is damaged ("),
        ("construct/0000003.png", None, "0000003.png: is missing; run"),
        ("construct/0000003.png", b"x", "0000003.png: was changed after frame 3 was constructed"),
        ("construct/0000003.exr", b"x", "0000003.exr: was changed after frame 3 was constructed"),
        ("construct/0000003.toml", None, "0000003.toml: has no points, but frame 3 is a constr"),
        ("palette.toml", b"", "no palette has a colour 'coat'"),
        (
            "palette.toml",
            b'[[colour]]\nname = "coat"\ncolour = "#4a5b3d"\nsource = "costume, measured"\n',
            "0000003.toml: its points or the palette were changed",
        ),
    ],
)
def test_files_that_do_not_fit_are_named(
    film: Path, run: Run, name: str, change: bytes | None, words: str
) -> None:
    """Also before a run, which would take hours."""
    path = film / name
    whole = path.read_bytes()
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change)
    try:
        with pytest.raises(ProjectError, match=r"; .+") as error:
            read_assumptions(job_of(film), FRAME)
        assert words in str(error.value)
        status, text = run("run", film / "film.toml", "--quiet")
        assert (status, words in text) == (2, True)
    finally:
        path.write_bytes(whole)
    read_assumptions(job_of(film), FRAME)


def test_a_comment_in_the_points_changes_nothing(film: Path) -> None:
    path = film / "construct/0000003.toml"
    whole = path.read_bytes()
    path.write_bytes(b"# the coat of the sister\n" + whole)
    assert len(read_assumptions(job_of(film), FRAME).points) == 3
    path.write_bytes(whole)


def test_a_picture_elsewhere_is_painted_and_not_constructed(film: Path) -> None:
    job = job_of(film)
    elsewhere = job.project.pair[0].model_copy(update={"reference": "construct/0000004.exr"})
    project = job.project.model_copy(update={"pair": (elsewhere,)})
    assert constructed_frames(Job(project, film, SilentProgress())) == []


def point(author: str, source: str, left_out_for: str | None = None) -> AssumedPoint:
    return AssumedPoint(
        at=((1.0, 2.0),),
        area=False,
        colour="#00c040",
        source=source,
        author=author,
        note="",
        left_out_for=left_out_for,
    )


def test_words_count_points_by_author_and_source_and_name_those_left_out() -> None:
    points = (
        point("Ada", "memory"),
        point("Ada", "lobby card"),
        point("", "memory"),
        point("Ada", "memory"),
        point("Grace", "a letter", "#353939"),
    )
    record = Assumptions(
        frame=3, points=points, uncertainty=0.1, picture_sha256="0", sheet_sha256="1"
    )
    assert record.in_words() == [
        "3 focal points by Ada: memory (2); lobby card (1)",
        "1 focal point by nobody named: memory (1)",
        "point 5 (#00c040, a letter, by Grace) was left out, because the others say #353939",
    ]


def test_a_point_that_contradicts_is_left_out_with_the_colour_that_the_others_say(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unfade.construct import contradictions
    from unfade.construct.constructed_files import save
    from unfade.construct.frame import construct, film_start, read_faded
    from unfade.construct.records import construction_digest, read_construction, read_palette

    monkeypatch.setattr(contradictions, "CONTRADICTION", 1e-6)
    job = job_of(film)
    before = {path: path.read_bytes() for path in (film / "construct").iterdir()}
    solved: ConstructedFrame = construct(
        job,
        read_faded(job, FRAME),
        film_start(job),
        read_construction(film, FRAME),
        read_palette(film),
    )
    seen = construction_digest(film, FRAME)
    save(job, film / "film.toml", solved, read_construction(film, FRAME), seen)
    record = read_assumptions(job, FRAME)
    left_out = {one.index for one in solved.left_out}
    assert len(left_out) == 2
    for index, one in enumerate(record.points):
        assert (one.left_out_for is not None) == (index in left_out)
        assert one.left_out_for != one.colour
    for path, content in before.items():
        path.write_bytes(content)
