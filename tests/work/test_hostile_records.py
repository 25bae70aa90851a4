"""Records of strangers in a work directory: refused in a sentence, and never followed outside."""

import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unfade.errors import MAX_SENTENCE, UnfadeError, WorkError, one_line
from unfade.film.approval import Approvals
from unfade.film.clip import Clip, Clips
from unfade.film.delivery import Delivery
from unfade.film.match import MatchRecord
from unfade.film.model import TrainedModel
from unfade.film.noun import Artefact
from unfade.film.outlier import OutlierRun
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame
from unfade.film.shot import Shot
from unfade.film.target import Target
from unfade.film.time import MAX_CLIP_FRAMES, FrameRange, parse_fraction
from unfade.project.file import MAX_PROJECT_BYTES, load_project, parse_project
from unfade.project.settings import Project
from unfade.work import record_files
from unfade.work.approvals import read_approvals
from unfade.work.digest_cache import DigestCache
from unfade.work.job import Job
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import SilentProgress
from unfade.work.proxies import load_proxy

from ..fixtures import (
    Payload,
    make_clip,
    make_model,
    make_outlier,
    make_rendered_frame,
    make_rendering,
)

OUTSIDE = ("../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "a\0b", "x" * 300)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(
        Project.model_validate({"film": {"title": "x"}, "source": {"path": "s"}}),
        tmp_path,
        SilentProgress(),
    )


def store(job: Job, kind: type[Artefact], text: str) -> None:
    path = job.root / kind.PATH
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_deep_nesting_is_damage(job: Job) -> None:
    store(job, Clips, '{"schema": "Clips.3", "source": ' + "[" * 100_000)
    with pytest.raises(WorkError, match=r"clips\.json: is damaged .*; run 'unfade ingest' again"):
        job.load(Clips)
    assert DigestCache("[" * 100_000).to_json() == DigestCache().to_json()


@pytest.mark.parametrize("schema", ["[]", '{"a": 1}', '"\\u001b[31m\\n' + "x" * 90_000 + '"', "3"])
def test_any_schema_is_named_on_one_short_line(job: Job, schema: str) -> None:
    store(job, Clips, '{"schema": ' + schema + "}")
    with pytest.raises(WorkError, match="is of another version of Unfade") as caught:
        job.load(Clips)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000


KEY = "\x1b[2J\u202e" + "k" * 99_999


def test_a_hostile_key_is_named_on_one_short_line(job: Job) -> None:
    store(job, PairList, json.dumps({"schema": "PairList.2", "shots": [], "pairs": [], KEY: 1}))
    with pytest.raises(WorkError, match=r"\\x1b\[2J\\u202ek+") as caught:
        job.load(PairList)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000


def test_a_sentence_has_a_greatest_length() -> None:
    assert len(str(UnfadeError("x" * 100_000))) < MAX_SENTENCE + 10


@pytest.mark.parametrize("name", OUTSIDE)
def test_records_name_files_beside_them(name: str) -> None:
    frame = make_rendered_frame(1).model_dump()
    model, outlier = (
        make_model(id="0" * 12).model_dump(),
        make_outlier(first=1, last=1, worst=1).model_dump(),
    )
    delivery = {"files": 1, "bytes": 1, "verdict": "accept"}
    target = {"pair": {"source": 1, "picture": "p", "shot": 1}, "sha256": ""}
    parts = {"source": "s", "truth": "t", "weight": "w"}
    cases: list[tuple[type, dict[str, object]]] = [
        (RenderedFrame, frame | {"file": name}),
        (RenderedFrame, frame | {"sidecar": name}),
        (TrainedModel, model | {"file": name}),
        (TrainedModel, model | {"baseline_file": name}),
        (TrainedModel, model | {"checkpoints_file": name}),
        (OutlierRun, outlier | {"mask": name}),
        (Delivery, delivery | {"bag": name}),
        *((Target, target | parts | {part: name}) for part in parts),
    ]
    for kind, fields in cases:
        with pytest.raises(ValueError, match=r"name of a file|at most 255"):
            kind(**fields)
    clip = make_clip("a", FrameRange(first=0, last=0), 4, 4)
    with pytest.raises(ValueError, match=r"name of a file|at most 255"):
        Clips(source=clip, references={name: clip})


def test_only_facts_that_can_be_assumed_are() -> None:
    clip = make_clip("a", FrameRange(first=0, last=0), 4, 4)
    with pytest.raises(ValueError, match="assumed"):
        Clip.model_validate(clip.model_dump() | {"assumed": ["rate\x1b[31m"]})


def test_ranges_of_frames_are_bounded() -> None:
    for first, last in ((-1, 5), (0, 2**31), (0, 10**30)):
        with pytest.raises(ValueError, match=r"(less|greater) than or equal"):
            FrameRange(first=first, last=last)
    long = FrameRange(first=0, last=MAX_CLIP_FRAMES)
    with pytest.raises(ValueError, match="are more than"):
        make_clip("a", long, 4, 4)
    with pytest.raises(ValueError, match="are more than"):
        Shot(number=1, frames=long)
    with pytest.raises(ValueError, match="are more than"):
        MatchRecord(frames=long, references={}, of=(), state=())


def test_a_match_in_an_unknown_reference_is_damage() -> None:
    with pytest.raises(ValueError, match="'of' names 'x', which is no reference"):
        MatchRecord(frames=FrameRange(first=0, last=0), references={}, of=("x",), state=("free",))


@pytest.mark.parametrize("text", ["1e999999999", "1E9", "9" * 500, "1/" + "9" * 500, "nan", "0x1"])
def test_fractions_are_short(text: str) -> None:
    with pytest.raises(ValueError, match="is no fraction"):
        parse_fraction(text)


def test_a_pipe_in_place_of_a_record_is_refused(job: Job) -> None:
    (job.root / "01-ingest").mkdir()
    os.mkfifo(job.root / Clips.PATH)
    with pytest.raises(WorkError, match=r"is damaged \(is no regular file\)"):
        job.load(Clips)
    os.mkfifo(job.root / "film.toml")
    with pytest.raises(UnfadeError, match="it is no regular file"):
        load_project(job.root / "film.toml")


def test_records_have_a_greatest_size(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_files, "MAX_RECORD_BYTES", 100)
    store(job, Clips, " " * 101)
    with pytest.raises(WorkError, match=r"is damaged \(has more than 100 bytes"):
        job.load(Clips)
    path = job.root / "film.toml"
    path.write_bytes(b"#" * (MAX_PROJECT_BYTES + 1))
    with pytest.raises(UnfadeError, match=r"it has more than 8,388,608 bytes"):
        load_project(path)


def test_a_record_of_people_of_a_later_version_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / Approvals.PATH).write_text('{"schema": "Approvals.9"}')
    with pytest.raises(WorkError, match=r"another version .*; use that version, because it holds"):
        read_approvals(tmp_path)


def test_the_lock_does_not_follow_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / LOCK).symlink_to(outside)
    with (
        pytest.raises(WorkError, match="is a link, but has to be a file; remove it"),
        lock_folder(folder, print),
    ):
        pass
    assert outside.read_text() == "precious"


def test_a_proxy_is_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "proxy.npy"
    np.save(path, np.array([Payload()]), allow_pickle=True)
    with pytest.raises(WorkError, match="is damaged"):
        load_proxy(path, 1)
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(WorkError, match="is damaged"):
        load_proxy(path, 1)
    assert not (tmp_path / "executed").exists()


def test_an_archive_or_a_literal_in_place_of_a_proxy_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "proxy.npz"
    np.savez(path, np.zeros((1, 2, 2, 3), np.uint8))
    with pytest.raises(WorkError, match="is damaged"):
        load_proxy(path, 1)
    for header in (b"{'descr': '|u1',\n(", b"((((", b"{'shape': (10**30,)}", b"[" * 5_000):
        size = len(header).to_bytes(2, "little")
        path.write_bytes(b"\x93NUMPY\x01\x00" + size + header + bytes(99))
        with pytest.raises(WorkError, match="is damaged"):
            load_proxy(path, 1)


def test_a_proxy_of_another_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "proxy.npy"
    np.save(path, np.zeros((3, 2, 2, 3), np.uint8))
    with pytest.raises(WorkError, match="holds 3 pictures instead of 10"):
        load_proxy(path, 10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


RECORDS: list[Artefact] = [
    Clips(
        source=make_clip("a", FrameRange(first=0, last=9), 4, 4),
        references={"dvd": make_clip("b", FrameRange(first=0, last=9), 4, 4)},
    ),
    PairList(shots=(Shot(number=1, frames=FrameRange(first=0, last=9)),), pairs=()),
    MatchRecord(frames=FrameRange(first=0, last=0), references={}, of=(None,), state=("free",)),
    make_rendering([make_rendered_frame(1)]),
    Delivery(bag="bag", files=1, bytes=1, verdict="accept"),
    make_model(id="0" * 12),
]


def places(value: object) -> Iterator[tuple[Any, Any]]:
    """Every value in a record of JSON: what holds it, and its key or number there."""
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from places(inner)


def fault(read: Callable[[], object], kind: type[Exception]) -> str:
    """What a reader says of its input, before it is made one line; empty if the input is valid."""
    try:
        read()
    except kind as error:
        return str(error.args[0])
    return ""


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@given(choice=st.integers(0, 10_000), value=JSON)
@settings(max_examples=100, deadline=None)
def test_any_value_in_a_record_gives_an_artefact_or_one_short_sentence(
    record: Artefact, choice: int, value: object
) -> None:
    """An artefact is the same after it is written and read again."""
    fields = json.loads(record.to_json())
    found = list(places(fields))
    holder, key = found[choice % len(found)]
    holder[key] = value
    text = json.dumps(fields)
    sentence = fault(lambda: type(record).from_json(text), ValueError)
    assert len(sentence) < 1_000
    if not sentence:
        read = type(record).from_json(text)
        assert type(record).from_json(read.to_json()) == read


@given(value=st.text(max_size=40), key=st.sampled_from(["title", "path", "rate", "fields", "x"]))
@settings(max_examples=100, deadline=None)
def test_any_text_in_film_toml_gives_a_project_or_one_sentence(key: str, value: str) -> None:
    text = f'[film]\ntitle = "x"\n[source]\npath = "x"\n{key} = {value}\n'
    sentence = fault(lambda: parse_project(text, Path("film.toml")), UnfadeError)
    assert sentence == one_line(sentence)
    assert not sentence or sentence.startswith("film.toml: ")
    assert len(sentence) < 1_000


def test_numbers_of_thousands_of_digits_in_film_toml_are_refused() -> None:
    text = '[film]\ntitle = "x"\n[source]\npath = "x"\nfirst = 0x' + "f" * 5_000
    with pytest.raises(UnfadeError, match=r"'source\.first' is a number of thousands of digits"):
        parse_project(text, Path("film.toml"))
