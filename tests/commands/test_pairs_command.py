"""`unfade pairs`: what it shows, what it writes, and what it refuses."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch

import unfade
from unfade.commands import app as cli
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Area, Clip, Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.match import MatchRecord, ReferenceMatches
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.media import write_png
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import UNFINISHED

from ..fixtures import make_alignment, make_clip

Pairs = Callable[..., tuple[int, str]]

FRAMES = FrameRange(first=1001, last=1020)
FILM = """\
[film]
title = "Reel"

[source]
path = "scan.%06d.dpx"  # the scan

[reference]
path = "dvd.mkv"
"""


def clip(path: str, first: int) -> Clip:
    return make_clip(path, FrameRange(first=first, last=first + 19), 100, 80)


def alignment(pair: Pair) -> Alignment:
    return make_alignment(
        pair,
        Area(x=0, y=0, width=90, height=80),
        kind="affine",
        residual=0.21,
        residual_p95=0.8,
        residual_moving=0.3,
        inliers=345,
    )


def paint(path: Path) -> None:
    """A picture of another size than the scan."""
    write_png(path, torch.full((3, 40, 50), 0.5), bits=16)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A project that has been aligned: two pairs admitted, one rejected, one not tried."""
    path = tmp_path / "film.toml"
    path.write_text(FILM)
    job = Job(load_project(path), tmp_path, SilentProgress())
    job.save(Clips(source=clip("scan.%06d.dpx", 1001), references={"dvd": clip("dvd.mkv", 0)}))
    fixed = Pair(
        source=1003,
        reference=2,
        of="dvd",
        shot=1,
        chosen_by="person",
        kind="constructed",
        note="by lamp",
    )
    held = Pair(source=1005, reference=4, of="dvd", shot=1, role="holdout", similarity=0.9)
    refused = Pair(source=1007, reference=6, of="dvd", shot=1, similarity=0.8)
    spare = Pair(source=1009, reference=8, of="dvd", shot=1, similarity=0.9)
    off = Rejection(
        pair=Pair(source=1015, reference=14, of="dvd", shot=2), reason="0.40 frames off"
    )
    gone = Pair(source=1013, reference=12, of="dvd", shot=2, chosen_by="person")
    dropped = Rejection(pair=gone, reason="a person dropped it")
    job.save(
        PairList(
            shots=(
                Shot(number=1, frames=FrameRange(first=1001, last=1010)),
                Shot(number=2, frames=FrameRange(first=1011, last=1020)),
            ),
            pairs=(fixed, held, refused),
            rejected=(dropped, off),
            alternates=(spare, Pair(source=1006, reference=5, of="dvd", shot=1)),
        )
    )
    job.save(
        Alignments(
            crop=Area(x=0, y=0, width=90, height=80),
            admitted=(
                alignment(fixed),
                alignment(held),
                alignment(spare).model_copy(update={"instead_of": refused}),
            ),
            rejected=(Rejection(pair=refused, reason="median residual 3.0 px"),),
        )
    )
    states = ["cut", *["free"] * 10, "passing", "dropped", *["uncertain"] * 6, "unmatched"]
    job.save(
        MatchRecord(
            frames=FRAMES,
            references={
                "dvd": ReferenceMatches(
                    reference=(*range(19), None), similarity=(0.9,) * 20, lag=(0.4,) * 20
                )
            },
            of=(*["dvd"] * 19, None),
            state=tuple(states),
        )
    )
    return path


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pairs:
    """Runs `unfade pairs`; returns its exit status and its output."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["unfade", "pairs", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        output = capsys.readouterr()
        if caught.value.code == EXIT_USER_ERROR:
            assert output.err.count("\n") == 1
        return int(caught.value.code or 0), output.out + output.err

    return run


def test_all_pairs_are_listed(film: Path, pairs: Pairs) -> None:
    status, output = pairs("list", film)
    rows = [line.split() for line in output.splitlines()[1:7]]
    assert status == 0
    assert rows[0][:6] == ["1003", "2", "s001", "train", "constructed", "person"]
    assert rows[0][6:] == ["-", "0.21", "90%", "admitted"]
    assert rows[1][3:] == ["holdout", "direct", "machine", "+0.40", "0.21", "90%", "admitted"]
    assert rows[2][0] == "1007"
    assert "rejected: median residual 3.0 px" in output
    assert rows[3][0] == "1009"
    assert "admitted instead of 1007" in output
    assert rows[4][0] == "1013"
    assert "rejected: a person dropped it" in output
    assert rows[5][0] == "1015"
    assert "rejected: 0.40 frames off" in output


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (1003, "A person chose it, with reference frame 2, which is constructed.\nNote: by lamp"),
        (1005, "is a hold-out pair. It is in shot s001, frames 1001 to 1010."),
        (1005, "by an affine transform from 345 matching features; the residual is 0.21 px"),
        (1005, "covers 90% of the scan's picture"),
        (1005, "The median residual where something moves is 0.30 px."),
        (1005, "Its neighbour 1004 has reference frame 3"),
        (1007, "was considered as a training pair and rejected: median residual 3.0 px"),
        (1007, "Look at 02-curate/pairs.png and 03-align/001007.png."),
        (1004, "cover its light and its colours.\nThese are at source frames 1003, 1005, 1007."),
        (1006, "It is an alternate, used if align rejects one of them."),
        (1009, "It replaces source frame 1007 with 6."),
        (1001, "lies too near a cut"),
        (1012, "in a dissolve, a flash or black, or in a fade beside a cut"),
        (
            1013,
            "rejected: a person dropped it. It is in shot s002, frames 1011 to 1020.\nIts match",
        ),
        (1016, "regions do not confirm the instant"),
        (1016, "fit best 0.40 frames after that instant"),
        (1020, "No frame of the reference shows it.\nIt has no match: the best similarity is 0.90"),
    ],
)
def test_why_a_frame_is_a_pair_or_not(film: Path, pairs: Pairs, frame: int, expected: str) -> None:
    status, output = pairs("why", film, frame)
    assert status == 0
    assert expected in output


def test_a_pair_is_added_with_all_its_options(film: Path, pairs: Pairs) -> None:
    picture = film.parent / "painted" / "1009.png"
    picture.parent.mkdir()
    paint(picture)
    options = ("--role", "holdout", "--kind", "constructed", "--aligned", "--note", "the card")
    status, output = pairs("add", film, 1009, picture, *options)
    assert status == 0
    assert f"unfade run {film}" in output
    (section,) = load_project(film).pair
    assert (section.source, section.role, section.kind) == (1009, "holdout", "constructed")
    assert (section.aligned, section.note) == (True, "the card")
    assert film.read_text().startswith(FILM)


def test_points_are_added_and_stay_with_another_role(film: Path, pairs: Pairs) -> None:
    points = ("--point", "41.5,30,20.5,16", "--point", "80,70.25,40,35")
    status, output = pairs("add", film, 1009, 8, *points)
    assert status == 0
    assert "(placed by 2 control points)" in output
    assert pairs("add", film, 1009, 8, "--role", "holdout")[0] == 0
    (section,) = load_project(film).pair
    assert section.role == "holdout"
    assert section.points == ((41.5, 30.0, 20.5, 16.0), (80.0, 70.25, 40.0, 35.0))
    output = pairs("add", film, 1009, 9)[1]
    assert "(its control points were removed, because it lies otherwise now)" in output
    assert load_project(film).pair[0].points == ()


def test_points_of_a_picture_are_checked_with_its_size(film: Path, pairs: Pairs) -> None:
    picture = film.parent / "painted.png"
    paint(picture)
    status, output = pairs("add", film, 1009, picture, "--point", "90,70,51,35")
    assert status == EXIT_USER_ERROR
    assert f"{film}: 'points' of the [[pair]] at source frame 1009: point 1 is at 51, 35" in output
    assert "in the reference, which is 50 x 40 pixels; move it inside" in output
    assert film.read_text() == FILM
    output = pairs("add", film, 1009, picture, "--point", "90,70,50,35")[1]
    assert "(placed by 1 control point)" in output


def test_why_names_the_points_that_a_person_placed(film: Path, pairs: Pairs) -> None:
    job = Job(load_project(film), film.parent, SilentProgress())
    alignments = job.load(Alignments)
    facts = {
        "kind": "points",
        "inliers": 5,
        "points_residual": 0.42,
        "overruled": "median residual 3.0 px is above 1.5 px",
    }
    first = alignments.admitted[0].model_copy(update=facts)
    job.save(alignments.model_copy(update={"admitted": (first, *alignments.admitted[1:])}))
    output = pairs("why", film, 1003)[1]
    points = "5 control points that a person placed, whose residual is 0.42 px"
    assert f"by a homography from {points}" in output
    assert "overrule the machine, because median residual 3.0 px is above 1.5 px." in output


def test_a_picture_without_a_colour_space_gets_one(film: Path, pairs: Pairs) -> None:
    picture = film.parent / "painted.exr"
    untagged = oiio.ImageBuf(oiio.ImageSpec(50, 40, 3, "half"))
    assert untagged.write(str(picture))
    status, output = pairs("add", film, 1009, picture)
    assert status == EXIT_USER_ERROR
    assert "painted.exr: does not name a known colour space" in output
    assert "name one with --colorspace" in output
    assert pairs("add", film, 1009, picture, "--colorspace", "ACEScgg")[0] == EXIT_USER_ERROR
    assert film.read_text() == FILM
    assert pairs("add", film, 1009, picture, "--colorspace", "ACEScg")[0] == 0
    assert load_project(film).pair[0].colorspace == "ACEScg"


def test_a_narrow_terminal_folds_the_table(
    film: Path, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert "rejected: median residual 3.0 px" in pairs("list", film)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = pairs("list", film)[1]
    assert "\u2026" not in output
    assert "1003" in output
    assert max(len(re.sub("\x1b.*?m", "", line)) for line in output.splitlines()) <= 60


def test_the_path_of_a_picture_becomes_relative_to_film_toml(
    film: Path, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (film.parent / "painted").mkdir()
    paint(film.parent / "painted" / "1009.png")
    monkeypatch.chdir(film.parent / "painted")
    assert pairs("add", "../film.toml", 1009, "1009.png")[0] == 0
    assert load_project(film).pair[0].reference == "painted/1009.png"


def test_a_dropped_frame_can_be_added_again(film: Path, pairs: Pairs) -> None:
    pairs("drop", film, 1005)
    assert load_project(film).curate.drop == (1005,)
    assert pairs("add", film, 1005, 5)[0] == 0
    project = load_project(film)
    assert project.curate.drop == ()
    assert project.pair[0].reference == 5


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("add", 1021, 3), "has no frame 1021; choose one of 1001 to 1020"),
        (("add", 1009, 20), "dvd.mkv: has no frame 20"),
        (("add", 1009, "none.png"), "none.png: is not there"),
        (
            ("add", 1009, 3, "--role", "judge"),
            "there is no role 'judge'; use train or holdout or test",
        ),
        (("add", 1009, 3, "--kind", "odd"), "there is no kind 'odd'"),
        (("add", 1009, 3, "--point", "4,5,6"), "'--point' is '4,5,6'; use SX,SY,RX,RY: x and y"),
        (("add", 1009, 3, "--point", "4,5,6,nan"), "'--point' is nan; use a list"),
        (("add", 1009, 3, "--point", "4,5,6,81"), "point 1 is at 6, 81 in the reference, which"),
        (
            ("add", 1009, 3, "--aligned", "--point", "4,5,6,7"),
            "'--aligned' and '--point' both say how the reference lies",
        ),
        (("drop", 3), "has no frame 3"),
        (("why", 3), "has no frame 3"),
    ],
)
def test_invalid_arguments_are_refused(
    film: Path, pairs: Pairs, arguments: tuple[object, ...], expected: str
) -> None:
    verb, *rest = arguments
    status, output = pairs(verb, film, *rest)
    assert status == EXIT_USER_ERROR
    assert expected in output
    assert film.read_text() == FILM


def damage_frame_1013(film: Path) -> None:
    """Frame 1013 of the scan is missing and shows another, as ingest and curate leave it."""
    job = Job(load_project(film), film.parent, SilentProgress())
    hole = DamagedFrames(first=1013, last=1013, fault="missing")
    damage = Damage(frames=(hole,), setting="hold")
    clips, matches = job.clips(), job.load(MatchRecord)
    source = clips.source.model_copy(update={"damage": damage})
    job.save(clips.model_copy(update={"source": source}))
    state = tuple("damaged" if k == 12 else one for k, one in enumerate(matches.state))
    job.save(matches.model_copy(update={"state": state}))


def test_a_pair_on_a_frame_that_became_damaged_can_be_explained_and_dropped(
    film: Path, pairs: Pairs
) -> None:
    film.write_text(FILM + "\n[[pair]]\nsource = 1013\nreference = 12\n")
    damage_frame_1013(film)
    job = Job(load_project(film), film.parent, SilentProgress())
    job.save(job.load(PairList).model_copy(update={"rejected": ()}))
    assert "Its file is missing or damaged." in pairs("why", film, 1013)[1]
    assert pairs("drop", film, 1013)[0] == 0
    assert load_project(film).pair == ()


def test_a_damaged_frame_becomes_no_pair(film: Path, pairs: Pairs) -> None:
    damage_frame_1013(film)
    status, output = pairs("add", film, 1013, 12)
    assert status == EXIT_USER_ERROR
    assert "frame 1013 is damaged (missing) and shows another one; choose a frame" in output
    assert film.read_text() == FILM


def test_the_last_pair_of_a_film_without_reference_can_be_dropped(film: Path, pairs: Pairs) -> None:
    text = FILM.split("[reference]")[0] + '[[pair]]\nsource = 1005\nreference = "x.png"\n'
    film.write_text(text)
    assert pairs("drop", film, 1005)[0] == 0
    assert not load_project(film).has_colour()


def test_the_first_pair_of_a_film_without_reference(film: Path, pairs: Pairs) -> None:
    text = FILM.split("\n[reference]")[0]
    film.write_text(text)
    picture = film.parent / "x.png"
    paint(picture)
    assert pairs("add", film, 1005, picture)[0] == 0
    assert film.read_text().startswith(text)
    assert load_project(film).pair[0].source == 1005


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FILM + "[pair]\nsource = 3\n", "write it as [[pair]]"),
        (FILM + "[trian]\n", "the nearest valid one is 'train'"),
        ("[film\n", "is not TOML"),
    ],
)
def test_an_invalid_project_file_is_not_changed(
    film: Path, pairs: Pairs, text: str, expected: str
) -> None:
    film.write_text(text)
    for arguments in (("add", film, 1005, 5), ("drop", film, 1005), ("list", film)):
        status, output = pairs(*arguments)
        assert status == EXIT_USER_ERROR
        assert expected in output
        assert film.read_text() == text


def test_before_curate_there_is_nothing_to_list(film: Path, pairs: Pairs) -> None:
    (film.parent / PairList.PATH).unlink()
    status, output = pairs("list", film)
    assert status == EXIT_USER_ERROR
    assert "run 'unfade curate' first" in output


@pytest.mark.parametrize("arguments", [("list",), ("why", 1005)])
def test_after_curate_has_failed_pairs_can_be_added(
    film: Path, pairs: Pairs, arguments: tuple[object, ...]
) -> None:
    (film.parent / PairList.PATH).unlink()
    (film.parent / PairList.PATH).with_name(UNFINISHED).touch()
    verb, *rest = arguments
    status, output = pairs(verb, film, *rest)
    assert status == EXIT_USER_ERROR
    assert "has no pairs yet, because curate has not finished; see why with" in output
    assert f"unfade pairs add {film} FRAME REFERENCE" in output
    assert pairs("add", film, 1009, 8)[0] == 0
    with pytest.raises(unfade.UnfadeError, match="curate has not finished"):
        print(unfade.open(film).pairs)
