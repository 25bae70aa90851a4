"""Choices become edits of film.toml that keep comments, can be undone, and lose nobody's change."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import unfade
from unfade.errors import ProjectError, UnfadeError, WorkError
from unfade.film.alignment import Alignments
from unfade.film.cadence import Cadence
from unfade.film.clip import Area, Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.match import MatchRecord, ReferenceMatches
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.project.file import load_project
from unfade.studio import choices as choices_module
from unfade.studio.choices import Choices, PairEditor
from unfade.studio.films import place_of
from unfade.studio.pair_board import PairTile, by_shot, sheets_of, tiles_of
from unfade.work import project_writing
from unfade.work.pair_edits import pair_dropped
from unfade.work.pair_records import PairRecords
from unfade.work.project_writing import replace_project_text, text_digest

from ..fixtures import make_alignment, make_clip

FILM = """\
# The reel of 1957
[film]
title = "Reel"   # as on the can

[source]
path = "scan.%06d.dpx"  # the scan

[reference]
path = "dvd.mkv"
name = "dvd"

# The end
"""

AREA = Area(x=0, y=0, width=100, height=80)
SHOTS = (
    Shot(number=1, frames=FrameRange(first=1001, last=1010)),
    Shot(number=2, frames=FrameRange(first=1011, last=1020)),
)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """An aligned film: source frame 1001 + k matches reference frame k, which is shown twice if it
    is odd; the last frame matches nothing."""
    path = tmp_path / "film.toml"
    path.write_text(FILM)
    job = place_of(tmp_path, path).job()
    source = make_clip("scan.%06d.dpx", FrameRange(first=1001, last=1020), 100, 80)
    cadence = Cadence(weave="s" * 20, repeats=".." + ".r" * 9)
    dvd = make_clip("dvd.mkv", FrameRange(first=0, last=19), 100, 80, cadence=cadence)
    job.save(Clips(source=source, references={"dvd": dvd}))
    pairs = [
        Pair(source=1001 + k, reference=k, of="dvd", shot=1, similarity=0.9, role=role)
        for k, role in ((2, "train"), (4, "holdout"), (6, "train"))
    ]
    job.save(PairList(shots=SHOTS, pairs=tuple(pairs)))
    job.save(Alignments(crop=AREA, admitted=tuple(make_alignment(pair, AREA) for pair in pairs)))
    column = ReferenceMatches(reference=(*range(19), None), similarity=(0.9,) * 20, lag=(0.0,) * 20)
    job.save(
        MatchRecord(
            frames=source.frames,
            references={"dvd": column},
            of=(*["dvd"] * 19, None),
            state=("free",) * 20,
        )
    )
    return path


def seen(film: Path) -> str:
    return text_digest(film.read_text())


def records_of(film: Path) -> PairRecords:
    return PairRecords.of(place_of(film.parent, film).job())


def editor(film: Path) -> PairEditor:
    return PairEditor(film, film.read_text(), records_of(film))


def drop(film: Path, source: int) -> Callable[[str], tuple[str, str]]:
    return lambda text: (f"{source} is dropped", pair_dropped(text, film, source))


def test_a_drop_keeps_comments_and_undo_restores_every_byte(film: Path) -> None:
    choices = Choices()
    words, digest = choices.make(film, seen(film), drop(film, 1003))
    text = film.read_text()
    assert words == "1003 is dropped"
    assert digest == text_digest(text)
    for comment in ("# The reel of 1957", "# as on the can", "# the scan", "# The end"):
        assert comment in text
    assert load_project(film).curate.drop == (1003,)
    assert choices.last(film, text) == "1003 is dropped"
    assert choices.undo(film, digest) == ("1003 is dropped", text_digest(FILM))
    assert film.read_text() == FILM
    assert choices.last(film, FILM) is None
    with pytest.raises(ProjectError, match="there is nothing left to undo"):
        choices.undo(film, seen(film))


def test_choices_are_undone_the_last_one_first(film: Path) -> None:
    choices, texts = Choices(), [FILM]
    for source in (1003, 1005, 1007):
        choices.make(film, seen(film), drop(film, source))
        texts.append(film.read_text())
    for text in reversed(texts[:-1]):
        choices.undo(film, seen(film))
        assert film.read_text() == text


def test_a_file_that_was_changed_elsewhere_is_not_overwritten(film: Path) -> None:
    choices, old = Choices(), seen(film)
    film.write_text(FILM + "# by another\n")
    with pytest.raises(ProjectError, match="changed elsewhere"):
        choices.make(film, old, drop(film, 1003))
    assert film.read_text() == FILM + "# by another\n"


def test_an_undo_does_not_take_back_what_another_wrote(film: Path) -> None:
    choices = Choices()
    choices.make(film, seen(film), drop(film, 1003))
    mine = film.read_text()
    film.write_text(mine + "# by another\n")
    assert choices.last(film, film.read_text()) is None
    with pytest.raises(ProjectError, match="changed elsewhere after the last choice"):
        choices.undo(film, seen(film))
    assert film.read_text() == mine + "# by another\n"
    film.write_text(mine)
    choices.undo(film, seen(film))
    assert film.read_text() == FILM


def test_a_change_in_the_last_moment_is_not_overwritten(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes while the new file is being written."""

    def copymode(*_: object) -> None:
        film.write_text("# by another\n")

    monkeypatch.setattr(project_writing.shutil, "copymode", copymode)
    with pytest.raises(ProjectError, match="changed elsewhere"):
        Choices().make(film, seen(film), drop(film, 1003))
    assert film.read_text() == "# by another\n"
    assert not [*film.parent.glob(".*partial*")]


def test_an_edit_that_makes_a_bad_file_is_not_written(film: Path) -> None:
    with pytest.raises(ProjectError):
        Choices().make(film, seen(film), lambda _: ("bad", "[film]\n"))
    assert film.read_text() == FILM


def test_a_full_disk_leaves_the_file_as_it_was(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    choices, digest = Choices(), seen(film)
    with monkeypatch.context() as full:
        full.setattr(os, "replace", refuse)
        with pytest.raises(WorkError, match="No space left"):
            choices.make(film, digest, drop(film, 1003))
    assert film.read_text() == FILM
    assert choices.last(film, FILM) is None


def test_what_a_killed_write_left_is_removed_later(film: Path) -> None:
    left, at_work = (film.with_name(f".film.{key}.partial.toml") for key in ("dead", "a1b2"))
    left.touch()
    at_work.touch()
    os.utime(left, (0, 0))
    Choices().make(film, seen(film), drop(film, 1003))
    assert [*film.parent.glob(".*partial*")] == [at_work]


def test_what_a_killed_write_left_of_a_name_with_brackets_is_removed(film: Path) -> None:
    film = film.rename(film.with_name("reel[1].toml"))
    left, of_another = (film.with_name(f".{stem}.x.partial.toml") for stem in ("reel[1]", "reel1"))
    for path in (left, of_another):
        path.touch()
        os.utime(path, (0, 0))
    Choices().make(film, seen(film), drop(film, 1003))
    assert [*film.parent.glob(".*partial*")] == [of_another]


def test_the_permissions_of_the_file_stay(film: Path) -> None:
    film.chmod(0o640)
    Choices().make(film, seen(film), drop(film, 1003))
    assert film.stat().st_mode & 0o777 == 0o640


def test_the_history_is_bounded(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices_module, "KEPT_CHOICES", 2)
    choices = Choices()
    for source in (1003, 1005, 1007):
        choices.make(film, seen(film), drop(film, source))
    for _ in range(2):
        choices.undo(film, seen(film))
    with pytest.raises(ProjectError, match="there is nothing left"):
        choices.undo(film, seen(film))


def test_of_editors_who_saw_the_same_one_wins(film: Path) -> None:
    choices, digest = Choices(), seen(film)

    def edit(source: int) -> bool:
        try:
            choices.make(film, digest, drop(film, source))
        except UnfadeError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(edit, range(1001, 1017)))
    assert won.count(True) == 1
    assert len(load_project(film).curate.drop) == 1


EDITOR = """\
import sys
from pathlib import Path
from unfade.errors import ProjectError
from unfade.work.pair_edits import pair_dropped, valid_text
from unfade.work.project_writing import replace_project_text

film = Path(sys.argv[1])
for frame in sys.argv[2:]:
    while True:
        text = valid_text(film)
        try:
            replace_project_text(film, text, pair_dropped(text, film, int(frame)))
        except ProjectError:
            continue
        break
"""


def test_processes_and_threads_never_lose_each_others_change(film: Path) -> None:
    """Each repeats its edit until it is written; at the end all edits are there."""
    choices = Choices()
    environment = {**os.environ, "PYTHONPATH": str(Path(unfade.__file__).parents[1])}
    command = [sys.executable, "-c", EDITOR, str(film)]

    def edit(source: int) -> None:
        while True:
            try:
                choices.make(film, seen(film), drop(film, source))
            except ProjectError:
                continue
            return

    others = [
        subprocess.Popen([*command, *map(str, frames)], env=environment)
        for frames in (range(1001, 1007), range(1007, 1013))
    ]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(edit, range(1013, 1019)))
    assert [other.wait(120) for other in others] == [0, 0]
    assert sorted(load_project(film).curate.drop) == [*range(1001, 1019)]


def test_a_role_turns_the_machines_pair_into_a_persons(film: Path) -> None:
    words, text = editor(film).set_role(1003, "holdout")
    assert words == "source frame 1003 is held out"
    film.write_text(text)
    (pair,) = load_project(film).pair
    assert (pair.source, pair.reference, pair.of, pair.role) == (1003, 2, None, "holdout")
    film.write_text(editor(film).set_role(1003, "train")[1])
    (pair,) = load_project(film).pair
    assert pair.role == "train"


def test_a_role_keeps_what_else_the_pair_says(film: Path) -> None:
    section = '[[pair]]\nsource = 1008\nreference = "p.png"\nkind = "constructed"\nnote = "n"\n'
    film.write_text(FILM + section)
    film.write_text(editor(film).set_role(1008, "test")[1])
    (pair,) = load_project(film).pair
    assert (pair.reference, pair.kind, pair.note, pair.role) == (
        "p.png",
        "constructed",
        "n",
        "test",
    )


def test_a_dropped_frame_becomes_a_pair_again_by_its_match(film: Path) -> None:
    film.write_text(editor(film).drop(1012)[1])
    film.write_text(editor(film).set_role(1012, "train")[1])
    project = load_project(film)
    assert project.curate.drop == ()
    assert (project.pair[0].source, project.pair[0].reference) == (1012, 11)
    with pytest.raises(ProjectError, match="has no match"):
        editor(film).set_role(1020, "train")


def test_a_frame_is_left_to_the_machine(film: Path) -> None:
    film.write_text(editor(film).drop(1003)[1])
    film.write_text(editor(film).leave(1003)[1])
    assert load_project(film).curate.drop == ()
    film.write_text(editor(film).set_role(1005, "test")[1])
    film.write_text(editor(film).leave(1005)[1])
    assert load_project(film).pair == ()


def test_a_damaged_frame_is_dropped_or_left_but_gets_no_pair(film: Path) -> None:
    job = place_of(film.parent, film).job()
    hole = DamagedFrames(first=1003, last=1003, fault="missing")
    damage = Damage(frames=(hole,), setting="hold")
    clips = job.clips()
    source = clips.source.model_copy(update={"damage": damage})
    job.save(clips.model_copy(update={"source": source}))
    with pytest.raises(ProjectError, match=r"frame 1003 is damaged \(missing\)"):
        editor(film).set_role(1003, "train")
    film.write_text(editor(film).drop(1003)[1])
    assert load_project(film).curate.drop == (1003,)
    film.write_text(editor(film).leave(1003)[1])
    assert load_project(film).curate.drop == ()


def test_a_nudge_goes_to_the_next_film_frame(film: Path) -> None:
    """Frame 3 repeats frame 2, so the next picture is frame 4."""
    words, text = editor(film).nudge(1003, 1)
    assert words == "source frame 1003 has reference frame 4"
    film.write_text(text)
    film.write_text(editor(film).nudge(1003, -1)[1])
    assert load_project(film).pair[0].reference == 2
    for _ in range(2):
        film.write_text(editor(film).nudge(1003, -1)[1])
    assert load_project(film).pair[0].reference == 0
    with pytest.raises(ProjectError, match="frame 0 is its first film frame"):
        editor(film).nudge(1003, -1)


def test_a_nudge_from_a_repeat_leaves_it(film: Path) -> None:
    film.write_text(editor(film).add(source=1003, reference=3)[1])
    assert editor(film).nudge(1003, 1)[0].endswith("frame 4")
    assert editor(film).nudge(1003, -1)[0].endswith("frame 2")
    film.write_text(editor(film).add(source=1003, reference="p.png", kind="constructed")[1])
    with pytest.raises(ProjectError, match="has a picture"):
        editor(film).nudge(1003, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"source": 999, "reference": 1},
        {"source": 1003, "reference": 99},
        {"source": 1003, "reference": 1, "of": "other"},
        {"source": 1003, "reference": 1, "colorspace": "ACEScg"},
        {"source": -1, "reference": 1},
        {"source": 1003, "reference": 1, "role": "best"},
        {"source": 10**30, "reference": 1},
    ],
)
def test_a_pair_that_cannot_be_is_refused(film: Path, fields: dict[str, object]) -> None:
    with pytest.raises(ProjectError):
        editor(film).add(**fields)


def test_a_pair_that_align_rejected_is_placed_by_points(film: Path) -> None:
    job = place_of(film.parent, film).job()
    alignments = job.load(Alignments)
    pair = alignments.admitted[1].pair
    rejected = (Rejection(pair=pair, reason="only 3 feature matches are inliers"),)
    job.save(alignments.model_copy(update={"admitted": (), "rejected": rejected}))
    assert shown(film)[1005].state == "rejected"
    points = ((10.0, 10.0, 5.0, 5.0), (90.0, 70.0, 45.0, 35.0))
    words, text = editor(film).place(1005, points, 4, "dvd")
    assert words == "source frame 1005 is placed by 2 control points"
    film.write_text(text)
    (section,) = load_project(film).pair
    assert (section.source, section.reference, section.role) == (1005, 4, "holdout")
    assert section.points == points
    tile = shown(film)[1005]
    assert (tile.points, tile.pending) == (points, "changed; needs a run")


def shown(film: Path) -> dict[int, PairTile]:
    return {tile.source: tile for tile in tiles_of(load_project(film), records_of(film))}


def test_the_grid_shows_the_records_where_film_toml_says_nothing(film: Path) -> None:
    tiles = shown(film)
    assert list(tiles) == [1003, 1005, 1007]
    assert {(tile.state, tile.pending, tile.chosen_by) for tile in tiles.values()} == {
        ("admitted", "", "machine")
    }
    assert [tile.role for tile in tiles.values()] == ["train", "holdout", "train"]
    assert tiles[1003].similarity == 0.9


def test_the_grid_shows_at_once_what_film_toml_says(film: Path) -> None:
    for text in (
        lambda: editor(film).drop(1003),
        lambda: editor(film).set_role(1005, "test"),
        lambda: editor(film).nudge(1007, 1),
        lambda: editor(film).drop(1009),
        lambda: editor(film).add(source=1015, reference=13, note="mine"),
    ):
        film.write_text(text()[1])
    tiles = shown(film)
    assert list(tiles) == [1003, 1005, 1007, 1009, 1015]
    assert (tiles[1003].state, tiles[1003].pending) == (
        "dropped",
        "still a pair until the next run",
    )
    assert (tiles[1005].role, tiles[1005].state) == ("test", "admitted")
    assert tiles[1005].pending == "changed; needs a run"
    assert (tiles[1007].reference, tiles[1007].residual) == (8, None)
    assert tiles[1007].pending == "new; the next run aligns it"
    assert (tiles[1009].state, tiles[1009].pending, tiles[1009].reference) == ("dropped", "", 8)
    assert (tiles[1015].note, tiles[1015].chosen_by) == ("mine", "person")


def test_a_removed_pair_of_a_person_is_left_to_the_machine(film: Path) -> None:
    job = place_of(film.parent, film).job()
    fixed = Pair(source=1003, reference=2, of="dvd", shot=1, chosen_by="person")
    job.save(PairList(shots=SHOTS, pairs=(fixed,)))
    job.save(Alignments(crop=AREA, admitted=(make_alignment(fixed, AREA),)))
    assert shown(film)[1003].pending == "left to the machine; needs a run"
    film.write_text(FILM + "[[pair]]\nsource = 1003\nreference = 2\n")
    assert shown(film)[1003].pending == ""
    film.write_text(FILM + "[curate]\nadd = [1003, 1013]\n")
    assert [tile.pending for tile in shown(film).values()] == ["", "new; the next run aligns it"]


def test_thousands_of_pairs_are_spread_over_sheets(film: Path) -> None:
    shots = tuple(
        Shot(number=k + 1, frames=FrameRange(first=10 * k, last=10 * k + 9)) for k in range(15_000)
    )
    records = records_of(film)
    records = PairRecords(
        records.clips, records.choice.model_copy(update={"shots": shots}), None, None
    )
    tiles = [
        PairTile(10 * k + frame, "train", "direct", "machine", "waiting", frame, "dvd")
        for k in range(0, 15_000, 10)
        for frame in range(6)
    ]
    sheets = sheets_of(by_shot(tiles, records))
    assert sum(len(shot.tiles) for sheet in sheets for shot in sheet) == len(tiles)
    assert max(sum(max(len(shot.tiles), 1) for shot in sheet) for sheet in sheets) <= 240


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnfadeError):
        replace_project_text(tmp_path / "none/film.toml", "a", "b")
