"""Reading film.toml: what is accepted, and the message for what is not."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.project.file import load_project
from unfade.project.paths import project_path
from unfade.project.settings import Project

MINIMAL = '[film]\ntitle = "Reel"\n[source]\npath = "a.%06d.dpx"\n'
REFERENCE = '[reference]\npath = "b.mkv"\n'


def parse(tmp_path: Path, text: str) -> Project:
    path = tmp_path / "film.toml"
    path.write_text(text, encoding="utf-8")
    return load_project(path)


def test_defaults_are_those_of_the_guide(tmp_path: Path) -> None:
    project = parse(tmp_path, MINIMAL + REFERENCE)
    assert 4 <= project.curate.pairs_per_shot <= 9
    assert project.curate.holdout_per_shot >= 1
    assert project.train.size == "medium"
    assert project.render.colorspace == "ACES2065-1"


def test_pairs_alone_are_enough(tmp_path: Path) -> None:
    pair = '[[pair]]\nsource = 12\nreference = "painted.png"\nrole = "holdout"\naligned = true\n'
    project = parse(tmp_path, MINIMAL + pair)
    assert project.reference == ()
    assert project.pair[0].role == "holdout"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            MINIMAL + REFERENCE + '[render]\ncomprssion = "zip"\n',
            "nearest valid one is 'compression'",
        ),
        (MINIMAL + REFERENCE + "[trian]\nsteps = 3\n", "nearest valid one is 'train'"),
        (MINIMAL + REFERENCE + "[[pair]]\nsource = 1\nreference = 2\nrol = 3\n", "'role'"),
        (MINIMAL + REFERENCE + "[validate]\nmax_of_baselin = 1\n", "'max_of_baseline'"),
        (MINIMAL + REFERENCE + '[render]\ncompression = "piz"\n', "'render.compression' is 'piz'"),
        (MINIMAL + REFERENCE + "[train]\nsteps = 0\n", "'train.steps' is 0"),
        (
            MINIMAL + '[[pair]]\nsource = 1\nreference = "x"\n' * 2,
            "two [[pair]] entries name source frame 1; remove one",
        ),
        (MINIMAL + "[[pair]]\nsource = 1\nreference = 2\n", "there is no [reference]"),
        ('[source]\npath = "x"\n', "'film' is missing"),
        ("[film\n", "is not TOML"),
        (MINIMAL + "rate = 23.976\n" + REFERENCE, "24000/1001"),
        (MINIMAL + 'rate = "25/0"\n' + REFERENCE, "25/0 is not a number"),
        (
            MINIMAL + "live_area = [-5, 0, 90, 90]\n" + REFERENCE,
            "each a whole number from 0 to 100,000",
        ),
        (MINIMAL + "live_area = [5, 0, 9, 90]\n" + REFERENCE, "at least 64 x 64 pixels"),
        (MINIMAL + 'pixel_aspect = "1/5000"\n' + REFERENCE, "use 1/4 to 4 times its height"),
        (MINIMAL + REFERENCE + "[train]\nbatch = 3\n", "'train.batch' is 3"),
        (MINIMAL + REFERENCE + "[curate]\npairs-per-shot = 4\n", "key 'curate.pairs-per-shot'"),
        (MINIMAL + REFERENCE + '[ingest]\nbalance = "of"\n', "'ingest.balance' is 'of'"),
        (MINIMAL + REFERENCE + "[ingest]\nbalance = { lif = [0, 0, 0] }\n", "is 'lift'"),
        (
            MINIMAL + REFERENCE + "[ingest]\nbalance = { lift = [1, 0, 0] }\n",
            "'gain' is not above 'lift'",
        ),
        (MINIMAL + REFERENCE + "[ingest]\nbalance = { gamma = [0, 1, 1] }\n", "gamma"),
        (MINIMAL + REFERENCE + "[pair]\nsource = 1\n", "write it as [[pair]]"),
        (
            MINIMAL + REFERENCE + "[curate]\ndrop = [1]\n[[pair]]\nsource = 1\nreference = 2\n",
            "source frame 1 has a [[pair]] and is on 'curate.drop'",
        ),
        (
            MINIMAL + REFERENCE + "[render]\nfirst = 5\nlast = 1\n",
            "[render]: 'first' is 5 and 'last' is 1, which is before it; change one",
        ),
        (MINIMAL + "first = 5\nlast = 1\n" + REFERENCE, "[source]: 'first' is 5 and 'last' is 1"),
        (MINIMAL + REFERENCE + "first = 5\nlast = 1\n", "[reference]: 'first' is 5 and 'last'"),
        (
            MINIMAL + REFERENCE + '[[pair]]\nsource = 1\nreference = 2\ncolorspace = "ACEScg"\n',
            "[[pair]] 1 (source frame 1): 'colorspace' is of a picture, but 'reference'",
        ),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse(tmp_path, text)
    message = str(caught.value)
    assert expected in message
    assert message.startswith(str(tmp_path / "film.toml"))
    assert "\n" not in message


def test_a_project_without_references_can_be_read(tmp_path: Path) -> None:
    assert not parse(tmp_path, MINIMAL).has_colour()
    assert parse(tmp_path, MINIMAL + REFERENCE).has_colour()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_accepted(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "film.toml").write_text(MINIMAL.replace("Reel", "Hélène"), encoding=encoding)
    assert load_project(tmp_path / "film.toml").film.title == "Hélène"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (MINIMAL.encode("utf-16"), "film.toml: is text in UTF-16; save it as UTF-8"),
        (b"\x00\x01" * 40, "film.toml: is not text; name a film.toml"),
        (b"[film]\ntitle = 'Caf\xe9'", "is not text in UTF-8 (line 2)"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b'[source]\npath = "scan\\scan"', "write '/' and not '\\' in paths"),
    ],
    ids=["utf-16", "binary", "latin-1", "digits", "brackets", "backslash"],
)
def test_a_file_that_is_not_text_gives_one_sentence(
    tmp_path: Path, stored: bytes, expected: str
) -> None:
    (tmp_path / "film.toml").write_bytes(stored)
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path / "film.toml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_folder_stands_for_its_film_toml(tmp_path: Path) -> None:
    assert project_path(str(tmp_path)) == tmp_path / "film.toml"
    assert project_path(str(tmp_path / "other.toml")) == tmp_path / "other.toml"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="unfade new"):
        load_project(tmp_path / "film.toml")


@pytest.mark.parametrize(
    ("render", "expected"),
    [
        ('format = "tiff"\ncompression = "dwaa"', "tiff has no compression 'dwaa'"),
        ('format = "dpx"\ncompression = "zip"', "dpx has no compression 'zip'; use 'none'"),
        ("bits = 10", "exr has 16 bits"),
        ('strict = true\ncompression = "zip"', "a strict ACES container is EXR and not compressed"),
        ('strict = true\nformat = "tiff"', "a strict ACES container is EXR"),
    ],
)
def test_masters_that_a_format_cannot_hold_are_refused(
    tmp_path: Path, render: str, expected: str
) -> None:
    with pytest.raises(ProjectError, match=r"film.toml: \[render\]: " + expected):
        parse(tmp_path, MINIMAL + REFERENCE + "[render]\n" + render)


PAIR = MINIMAL + REFERENCE + "[[pair]]\nsource = 12\nreference = 2\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("points = [[1, 2, 3]]", "use a list, each a list of 4, each a number from 0 to 100,000"),
        ("points = [[1, 2, 3, -4]]", "'points' of [[pair]] 1 (source frame 12) is [[1, 2, 3, -4]]"),
        ('points = [[1, 2, 3, "4"]]', "each a number from 0 to 100,000"),
        (
            "points = [[0, 0, 0, 0], [9, 0, 9, 0], [18, 0, 0, 9]]",
            "the three points lie on a line in the scan; move one off it",
        ),
        (
            "points = [[1, 2, 3, 4]]\naligned = true",
            "[[pair]] 1 (source frame 12): 'aligned' and 'points' both say how",
        ),
    ],
)
def test_points_that_give_no_transform_are_refused(
    tmp_path: Path, line: str, expected: str
) -> None:
    path = tmp_path / "film.toml"
    path.write_text(f"{PAIR}{line}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
