"""film.toml: what is accepted, and the one sentence for what is not."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.project.file import load_project, project_path
from unfade.project.settings import Project

LEAST = '[film]\ntitle = "Reel"\n[source]\npath = "a.%06d.dpx"\n'
REFERENCE = '[reference]\npath = "b.mkv"\n'


def parse(tmp_path: Path, text: str) -> Project:
    place = tmp_path / "film.toml"
    place.write_text(text, encoding="utf-8")
    return load_project(place)


def test_defaults_are_those_of_the_guide(tmp_path: Path) -> None:
    project = parse(tmp_path, LEAST + REFERENCE)
    assert 4 <= project.curate.pairs_per_shot <= 9
    assert project.curate.holdout_per_shot >= 1
    assert project.train.size == "medium"
    assert project.render.colorspace == "ACES2065-1"


def test_pairs_alone_are_enough(tmp_path: Path) -> None:
    pair = '[[pair]]\nsource = 12\nreference = "painted.png"\nrole = "holdout"\naligned = true\n'
    project = parse(tmp_path, LEAST + pair)
    assert project.reference == ()
    assert project.pair[0].role == "holdout"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            LEAST + REFERENCE + '[render]\ncomprssion = "zip"\n',
            "nearest valid one is 'compression'",
        ),
        (LEAST + REFERENCE + "[trian]\nsteps = 3\n", "nearest valid one is 'train'"),
        (LEAST + REFERENCE + "[[pair]]\nsource = 1\nreference = 2\nrol = 3\n", "'role'"),
        (LEAST + REFERENCE + "[validate]\nmax_of_baselin = 1\n", "'max_of_baseline'"),
        (LEAST + REFERENCE + '[render]\ncompression = "piz"\n', "'render.compression' is 'piz'"),
        (LEAST + REFERENCE + "[train]\nsteps = 0\n", "'train.steps' is 0"),
        (
            LEAST + '[[pair]]\nsource = 1\nreference = "x"\n' * 2,
            "two [[pair]] entries name source frame 1; remove one",
        ),
        (LEAST + "[[pair]]\nsource = 1\nreference = 2\n", "there is no [reference]"),
        ('[source]\npath = "x"\n', "'film' is missing"),
        ("[film\n", "is not TOML"),
        (LEAST + "rate = 23.976\n" + REFERENCE, "24000/1001"),
        (LEAST + 'rate = "25/0"\n' + REFERENCE, "25/0 is not a number"),
        (
            LEAST + "live_area = [-5, 0, 90, 90]\n" + REFERENCE,
            "each a whole number from 0 to 100,000",
        ),
        (LEAST + "live_area = [5, 0, 9, 90]\n" + REFERENCE, "at least 64 x 64 pixels"),
        (LEAST + 'pixel_aspect = "1/5000"\n' + REFERENCE, "between 1/4 and 4"),
        (LEAST + REFERENCE + "[train]\nbatch = 3\n", "'train.batch' is 3"),
        (LEAST + REFERENCE + "[curate]\npairs-per-shot = 4\n", "key 'curate.pairs-per-shot'"),
        (LEAST + REFERENCE + '[ingest]\nbalance = "of"\n', "'ingest.balance' is 'of'"),
        (LEAST + REFERENCE + "[ingest]\nbalance = { lif = [0, 0, 0] }\n", "is 'lift'"),
        (LEAST + REFERENCE + "[ingest]\nbalance = { lift = [1, 0, 0] }\n", "gain must be above"),
        (LEAST + REFERENCE + "[ingest]\nbalance = { gamma = [0, 1, 1] }\n", "gamma"),
        (LEAST + REFERENCE + "[pair]\nsource = 1\n", "write it as [[pair]]"),
        (
            LEAST + REFERENCE + "[curate]\ndrop = [1]\n[[pair]]\nsource = 1\nreference = 2\n",
            "source frame 1 has a [[pair]] and is on 'curate.drop'",
        ),
        (
            LEAST + REFERENCE + "[render]\nfirst = 5\nlast = 1\n",
            "[render]: 'first' is 5 and 'last' is 1, which is before it; change one",
        ),
        (LEAST + "first = 5\nlast = 1\n" + REFERENCE, "[source]: 'first' is 5 and 'last' is 1"),
        (LEAST + REFERENCE + "first = 5\nlast = 1\n", "[reference]: 'first' is 5 and 'last'"),
        (
            LEAST + REFERENCE + '[[pair]]\nsource = 1\nreference = 2\ncolorspace = "ACEScg"\n',
            "[[pair]] 1 (source frame 1): 'colorspace' is of a picture, but 'reference'",
        ),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse(tmp_path, text)
    message = str(caught.value)
    assert says in message
    assert message.startswith(str(tmp_path / "film.toml"))
    assert "\n" not in message


def test_nothing_to_take_colour_from_may_be_written(tmp_path: Path) -> None:
    assert not parse(tmp_path, LEAST).has_colour()
    assert parse(tmp_path, LEAST + REFERENCE).has_colour()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_accepted(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "film.toml").write_text(LEAST.replace("Reel", "Hélène"), encoding=encoding)
    assert load_project(tmp_path / "film.toml").film.title == "Hélène"


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (LEAST.encode("utf-16"), "film.toml: is text in UTF-16; save it as UTF-8"),
        (b"\x00\x01" * 40, "film.toml: is no text; name a film.toml"),
        (b"[film]\ntitle = 'Caf\xe9'", "is no text in UTF-8 (line 2)"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b'[source]\npath = "scan\\scan"', "in paths write '/' and not '\\'"),
    ],
    ids=["utf-16", "binary", "latin-1", "digits", "brackets", "backslash"],
)
def test_what_is_no_text_is_one_sentence(tmp_path: Path, stored: bytes, says: str) -> None:
    (tmp_path / "film.toml").write_bytes(stored)
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path / "film.toml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_folder_stands_for_its_film_toml(tmp_path: Path) -> None:
    assert project_path(str(tmp_path)) == tmp_path / "film.toml"
    assert project_path(str(tmp_path / "other.toml")) == tmp_path / "other.toml"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="unfade new"):
        load_project(tmp_path / "film.toml")


@pytest.mark.parametrize(
    ("render", "told"),
    [
        ('format = "tiff"\ncompression = "dwaa"', "tiff has no compression 'dwaa'"),
        ('format = "dpx"\ncompression = "zip"', "dpx has no compression 'zip'; use 'none'"),
        ("bits = 10", "exr has 16 bits"),
        ('strict = true\ncompression = "zip"', "a strict ACES container is EXR and not compressed"),
        ('strict = true\nformat = "tiff"', "a strict ACES container is EXR"),
    ],
)
def test_masters_that_cannot_be_are_refused(tmp_path: Path, render: str, told: str) -> None:
    with pytest.raises(ProjectError, match=r"film.toml: \[render\]: " + told):
        parse(tmp_path, LEAST + REFERENCE + "[render]\n" + render)
