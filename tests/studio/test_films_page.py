"""The page of films: several that run one after another, decisions, failures, completion."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import anyio
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from unfade.errors import ProjectError
from unfade.film.approval import Approval, Approvals
from unfade.film.file_pattern import FilePattern
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.media.stills.sequences import sequences_of
from unfade.project.settings import FilmSection
from unfade.studio import completion as completion_module
from unfade.studio import runs as runs_module
from unfade.studio.completion import MAX_COMPLETIONS, completions
from unfade.studio.films import FilmPlace, ShownFilm, place_of
from unfade.studio.run_record import RunRecord
from unfade.studio.runs import Runs
from unfade.studio.studio import RUNS_FOLDER, Studio

from ..fixtures import make_rendered_frame, make_rendering
from .client import client_of, open_client, wait_until

TOML = '[film]\ntitle = "{}"\n[source]\npath = "scan.%04d.exr"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three films, which lack their scans."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "film.toml").write_text(TOML.format(name.upper()))
    return tmp_path


def id_of(root: Path, name: str) -> str:
    return place_of(root, root / name / "film.toml").id


def queue(root: Path) -> list[str]:
    """The names of the folders of runs that wait."""
    return [Path(one.folder).name for one in Runs(root / RUNS_FOLDER).queue]


def run_marked(client: TestClient, root: Path, *names: str) -> None:
    marked = [id_of(root, name) for name in names]
    assert client.post("/films/run", json={"films": marked}).status_code == 200


def test_marked_films_are_queued_in_the_order_of_the_list(root: Path) -> None:
    client = open_client(root)
    run_marked(client, root, "c", "a")
    assert queue(root) == ["a", "c"]
    run_marked(client, root, "a", "b", "c")
    assert queue(root) == ["a", "c", "b"]
    page = client.get("/").text
    assert [page.count(f"<td>place {place}</td>") for place in (1, 2, 3, 4)] == [1, 1, 1, 0]


def test_marked_films_of_a_series_run_up_to_target_first(root: Path) -> None:
    for name in ("a", "b"):
        toml = TOML.format(name).replace("[source]", 'series = ["../a", "../b"]\n[source]')
        (root / name / "film.toml").write_text(toml)
    run_marked(open_client(root), root, "a", "b", "c")
    runs = Runs(root / RUNS_FOLDER).queue
    assert [one.what for one in runs] == [
        "run --to target a",
        "run --to target b",
        "run a",
        "run b",
        "run c",
    ]


def test_no_event_is_lost_between_a_page_and_its_stream(root: Path) -> None:
    studio = Studio(root, read_only=True)
    states = studio.films.state

    def slow_state(place: FilmPlace) -> ShownFilm:
        found = states(place)
        anyio.from_thread.run(partial(studio.events.send, "film", film=place.id))
        return found

    studio.films.state = slow_state  # type: ignore[method-assign]
    assert 'data-event="0"' in client_of(studio).get("/").text
    assert studio.events.newest == 3
    assert 'data-event="3"' in client_of(studio).get("/").text


def test_a_run_is_taken_out_of_the_queue(root: Path) -> None:
    client = open_client(root)
    run_marked(client, root, "a", "b", "c")
    (_, second, _) = Runs(root / RUNS_FOLDER).queue
    assert (
        f'data-post="/runs/{second.id}/stop" aria-label="Take out: run b"' in client.get("/").text
    )
    assert client.post(f"/runs/{second.id}/stop").status_code == 200
    assert queue(root) == ["a", "c"]


@pytest.mark.parametrize("films", [None, [], "a", [1], [["a"]], ["0000000000"]])
def test_marks_of_no_film_are_refused(root: Path, films: object) -> None:
    answer = open_client(root).post("/films/run", json={"films": films})
    assert answer.status_code == 409
    assert "film is" in answer.json()["error"]
    assert queue(root) == []


def test_a_run_that_would_end_before_it_starts_is_refused(root: Path) -> None:
    command = {"verb": "run", "first": "train", "last": "align"}
    answer = open_client(root).post(f"/film/{id_of(root, 'a')}/runs", json=command)
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("'train', the first stage to run, comes after 'align'")
    assert queue(root) == []


def test_nothing_can_be_marked_with_read_only(root: Path) -> None:
    page = open_client(root, read_only=True).get("/").text
    assert "checkbox" not in page
    assert "<button" not in page.split("<main")[1].split("</main>")[0]


def test_a_read_only_studio_shows_the_runs_of_another_one(root: Path) -> None:
    writer, reader = Runs(root / RUNS_FOLDER), Runs(root / RUNS_FOLDER)
    record = writer.add("run a", root / "a", ["run", "a"])
    assert reader.read()
    assert [one.what for one in reader.queue] == ["run a"]
    assert not reader.read()
    writer.stop(record.id)
    assert reader.read()
    assert reader.queue == []


@pytest.fixture
def no_records_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if a whole `Rendering` is loaded, which takes 0.4 GB for a long film."""
    monkeypatch.setattr(Rendering, "from_json", None)


def test_a_persons_decision_on_these_masters_is_in_the_list(
    root: Path, no_records_of_frames: None
) -> None:
    for name in ("06-render", "07-validate"):
        (root / "b" / name).mkdir()
    masters = make_rendering([make_rendered_frame(1)])
    (root / "b" / Rendering.PATH).write_text(masters.to_json())
    (root / "b" / Report.PATH).write_text(Report(verdict="accept", measures=()).to_json())
    decision = Approval(
        by="Ada <i>Byron</i>",
        decision="rejected",
        date="2026-11-30T10:00:00+00:00",
        note="blue skin",
        version=1,
        frames=1,
        model_id="0" * 12,
        verdict="accept",
        masters_sha256=masters.masters_sha256(),
        report_sha256="0" * 64,
    )
    (root / "b" / Approvals.PATH).write_text(Approvals(decisions=(decision,)).to_json())
    client = open_client(root)
    page = client.get("/").text
    assert "rejected by Ada &lt;i&gt;Byron&lt;/i&gt;</span>" in page
    assert "on 2026-11-30: blue skin" in page
    report = client.get(f"/film/{id_of(root, 'b')}/report").text
    assert "Rejected by Ada &lt;i&gt;Byron&lt;/i&gt; on 2026-11-30: blue skin" in report
    other = make_rendering([make_rendered_frame(1, file="b.exr")])
    (root / "b" / Rendering.PATH).write_text(other.to_json())
    (root / "b" / Approvals.PATH).touch()
    assert "rejected by" not in client.get("/").text


@pytest.fixture
def fail_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs print a sentence, and fail."""
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\necho started\necho 'unfade: scan.mov: <b>is damaged</b>'\nexit 2\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(runs_module.sys, "executable", str(script))


def ended(runs: Runs, record: RunRecord) -> bool:
    runs.look()
    return any(one.id == record.id for one in runs.ended)


def test_the_reason_of_a_failed_new_film_is_on_the_page(root: Path, fail_at_once: None) -> None:
    studio = Studio(root, read_only=False)
    client = client_of(studio)
    command = {"folder": "new", "source": "scan.mov"}
    assert client.post("/films/new", json=command).status_code == 200
    (record,) = studio.runs.all
    wait_until(lambda: ended(studio.runs, record))
    sentence = "new film new: scan.mov: &lt;b&gt;is damaged&lt;/b&gt;"
    assert sentence in client.get("/").text
    client.post("/films/demo")
    assert sentence not in client.get("/").text


def test_completion_offers_a_sequence_as_one_path(root: Path) -> None:
    scan = root / "scan"
    scan.mkdir()
    for name in ("r.0001.dpx", "r.0002.dpx", "one.0001.dpx", "r.mov", "r.0001.txt", "r.0002.txt"):
        (scan / name).touch()
    client = open_client(root)

    def paths(query: str) -> list[str]:
        found: list[str] = client.get(f"/films/complete?path=scan/{query}").json()["paths"]
        return found

    pattern = "scan/r.%04d.dpx"
    texts = ["scan/r.0001.txt", "scan/r.0002.txt", "scan/r.mov"]
    assert paths("&sequences") == sorted([pattern, "scan/one.0001.dpx", *texts])
    assert paths("r.&sequences") == sorted([pattern, *texts])
    assert paths("r.0001.d") == ["scan/r.0001.dpx"]


@pytest.mark.parametrize("name", ["{:032x}.exr", "IMG_{0:05d}_{1:06d}.jpg"])
def test_completion_reads_each_name_once(tmp_path: Path, name: str) -> None:
    """Thousands of names that form no sequence took minutes when each was held against each."""
    for number in range(5_000):
        (tmp_path / name.format(number * 7919**7 % 2**127, number)).touch()
    start = time.monotonic()
    assert len(completions(tmp_path, "", as_sequences=True)) == MAX_COMPLETIONS
    assert time.monotonic() - start < 8


def test_completion_of_a_large_folder_is_bounded_and_shows_a_sequence_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        (tmp_path / f"scan.{number:04d}.dpx").touch()
    (tmp_path / "typed.mov").touch()
    monkeypatch.setattr(completion_module, "MAX_NAMES", 20)
    grouped: list[int] = []

    def spy(names: list[str]) -> dict[FilePattern, list[str]]:
        grouped.append(len(names))
        return sequences_of(names)

    monkeypatch.setattr(completion_module, "sequences_of", spy)
    assert "scan.%04d.dpx" in completions(tmp_path, "", as_sequences=True)
    assert completions(tmp_path, "scan.00", as_sequences=True) == ["scan.%04d.dpx"]
    assert completions(tmp_path, "t", as_sequences=True) == ["typed.mov"]
    assert max(grouped) <= 20


@pytest.mark.parametrize(
    "folder", ["n/a/b/c/d", ".hidden/f", "n/01-ingest", f"{RUNS_FOLDER}/f", "a/06-render/f"]
)
def test_a_film_that_the_list_would_not_show_is_refused(root: Path, folder: str) -> None:
    command = {"folder": folder, "source": "scan.mov"}
    answer = open_client(root).post("/films/new", json=command)
    assert answer.status_code == 409
    assert "the studio shows no film there" in answer.json()["error"]


def test_a_film_is_made_once_and_spaces_around_its_paths_do_not_count(
    root: Path, fail_at_once: None
) -> None:
    studio = Studio(root, read_only=False)
    client = client_of(studio)
    command = {"folder": " new ", "source": "scan.mov ", "title": " "}
    assert client.post("/films/new", json=command).status_code == 200
    (record,) = studio.runs.all
    assert record.arguments == ("new", f"{root}/new", "--source", f"{root}/scan.mov")
    studio.runs.look()
    again = client.post("/films/new", json=command)
    assert again.status_code == 409
    assert "is being made" in again.json()["error"]
    wait_until(lambda: ended(studio.runs, record))


def test_of_films_that_are_asked_for_at_once_in_a_folder_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, write = Runs(tmp_path / RUNS_FOLDER), Runs._write

    def write_slowly(self: Runs, record: RunRecord) -> None:
        time.sleep(0.05)
        write(self, record)

    monkeypatch.setattr(Runs, "_write", write_slowly)

    def ask(number: int) -> str | None:
        try:
            runs.add_film("new film", tmp_path / "new", ["new", str(number)])
        except ProjectError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(4) as threads:
        refusals = [*filter(None, threads.map(ask, range(4)))]
    assert len(refusals) == 3
    assert all("is being made" in one for one in refusals)


def test_the_form_takes_titles_that_film_toml_takes(root: Path) -> None:
    length = open_client(root).get("/").text.split('name="title" maxlength="')[1].split('"')[0]
    assert FilmSection(title="x" * int(length))
    with pytest.raises(ValidationError):
        FilmSection(title="x" * (int(length) + 1))
