"""Targets of `fuzz.py`: film.toml, artefacts, receipts and records."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fuzz_film import ARTEFACTS, BAG, PEOPLE, RuleBreak, job_of, place

from unfade.commands.pair_table import pair_table
from unfade.commands.terminal import show
from unfade.errors import UnfadeError
from unfade.film.noun import Artefact
from unfade.film.provenance import Provenance
from unfade.improve.snapshot import EDIT, SNAPSHOT, Snapshot
from unfade.pipeline.freshness import status
from unfade.project.file import load_project
from unfade.render.record import read_sidecar
from unfade.studio.run_record import read_log, read_records
from unfade.work.digest_cache import DIGEST_CACHE, ELEMENT_DIGESTS
from unfade.work.job import Job
from unfade.work.pair_edits import pair_dropped, valid_text
from unfade.work.pair_records import PairRecords
from unfade.work.people_records import read_people_record
from unfade.work.progress import SilentProgress
from unfade.work.why import explain_frame

# film.toml


def project_seeds(film: Path) -> Iterator[bytes]:
    yield (film / "film.toml").read_bytes()
    project = load_project(film / "film.toml")
    yield _as_toml(json.loads(project.model_dump_json(by_alias=True, exclude_none=True))).encode()


def _as_toml(fields: dict[str, object]) -> str:
    """All keys with their values, so that each can be changed."""
    lines = []
    for name, section in fields.items():
        for one in section if isinstance(section, list) else [section]:
            lines.append(f"[[{name}]]" if isinstance(section, list) else f"[{name}]")
            lines += [f"{key} = {_toml(value)}" for key, value in one.items()]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def read_project(film: Path, data: bytes) -> None:
    path = place(film / "film.toml", data)
    project = load_project(path)
    job = Job(project, film, SilentProgress())
    status(job, saves_digests=False)
    with suppress(UnfadeError):
        pair_dropped(valid_text(path), path, 2)


# Artefacts, receipts, records


def artefact_seeds(film: Path) -> Iterator[bytes]:
    for kind in (*ARTEFACTS, *PEOPLE):
        path = film / kind.PATH
        if not path.exists():
            path = film / BAG / "data" / kind.PATH
        if path.exists():
            yield path.read_bytes()
    yield (film / BAG / "data/provenance.json").read_bytes()
    # What this film has none of.
    yield b'{"schema": "Improvement.1", "rounds": [], "ended": "x"}'
    yield b'{"schema": "TrainingStop.1", "key": "a", "step": 3}'


def _kind_in(data: bytes) -> type[Artefact]:
    kinds = {kind.SCHEMA.encode(): kind for kind in (*ARTEFACTS, *PEOPLE, Provenance)}
    found = (kind for schema, kind in kinds.items() if schema in data[:200])
    return next(found, ARTEFACTS[len(data) % len(ARTEFACTS)])


def read_artefact(film: Path, data: bytes) -> None:
    kind = _kind_in(data)
    saved = (film / kind.PATH).read_bytes() if (film / kind.PATH).exists() else None
    place(film / kind.PATH, data)
    try:
        _use_artefact(film, kind)
    finally:
        if saved is None:
            (film / kind.PATH).unlink()
        else:
            place(film / kind.PATH, saved)


def _use_artefact(film: Path, kind: type[Artefact]) -> None:
    job = job_of(film)
    if kind in PEOPLE or kind is Provenance:
        read = read_people_record(film, kind, "notes")
    else:
        read = job.load(kind)
    if kind.from_json(read.to_json()) != read:
        raise RuleBreak(f"{kind.__name__} differs after it was written and read")
    status(job, saves_digests=False)
    records = PairRecords.of(job)
    show(pair_table(records))
    clip = records.clips.source
    for frame in (clip.frames.first, clip.frames.last, 2):
        clip.timecode_of(frame), clip.shown_frame(frame), records.match_of(frame)
        with suppress(UnfadeError):
            list(explain_frame(records, frame))
    clip.film_frames(), clip.repeat_counts(), clip.all_remarks()


def record_seeds(film: Path) -> Iterator[bytes]:
    receipts = [f"{one.parent.name}/receipt.json" for one in film.glob("*/rec*")]
    names = [DIGEST_CACHE, ELEMENT_DIGESTS, *receipts]
    for name in names:
        yield name.encode() + b"\n" + (film / name).read_bytes()
    sidecar = {"schema": "Master.1", "values_cut": 3, "record": {"unfade:film": "A"}}
    yield b"sidecar.json\n" + json.dumps(sidecar).encode()
    record = {"id": "1", "what": "w", "folder": "f", "arguments": ["run"], "asked_s": 1.0}
    yield b".unfade-studio/1.json\n" + json.dumps(record | {"pid": 1, "started": "2"}).encode()
    yield b'.unfade-studio/1.log\n{"stage": "train", "done": 1}\n{"say": "x"}\n{"ended": 0}'
    text = (film / "film.toml").read_text(encoding="utf-8")
    yield f"{SNAPSHOT}/{EDIT}\n{json.dumps({'before': text, 'after': text})}".encode()
    yield b".unfade.lock\nprocess 12 on host since 2026-11-30 12:00:00 +0000\n"
    clips = f"<the source>/{'s.0001.exr'}"
    yield (
        b".digests.json\n"
        + json.dumps({clips: [1, 2, "/x", "ab"], "a.json": [1, 2, "", ""]}).encode()
    )


def read_record(film: Path, data: bytes) -> None:
    name, _, content = data.partition(b"\n")
    path = (
        film / name.decode("utf-8", "replace").replace("\0", "").lstrip("/").replace("..", "")[:99]
    )
    if not path.parent.is_dir() or path.is_dir():
        return
    saved = path.read_bytes() if path.exists() else None
    place(path, content)
    try:
        job = job_of(film)
        status(job, saves_digests=False)
        job.digests.to_json()
        list(read_records(film / ".unfade-studio"))
        if path.suffix == ".log":
            read_log(path)
        if path.name == "sidecar.json":
            with suppress(ValueError):  # Render turns it into a sentence.
                read_sidecar(path.read_text(encoding="utf-8"))
        if path.name == EDIT:
            Snapshot(film, film / "film.toml").undo_round()
    finally:
        if saved is None:
            path.unlink(missing_ok=True)
        else:
            place(path, saved)
