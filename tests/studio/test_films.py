"""The states of films: known at once, or read by one thread while pages say so."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from unfade.pipeline.freshness import ElementCache, inputs, settings
from unfade.pipeline.stages import STAGES
from unfade.studio import films as films_module
from unfade.studio.films import READING, Films
from unfade.studio.studio import Studio
from unfade.work import digest_cache
from unfade.work.digest_cache import DIGEST_CACHE
from unfade.work.receipt import Receipt

from .client import client_of, wait_until

INGEST = STAGES[0]


def write_film(folder: Path, scan: str, files: Sequence[str]) -> Path:
    """A film whose ingest is fresh, of a scan whose checksums are on no record."""
    (folder / "film.toml").write_text(f'[film]\ntitle = "A"\n[source]\npath = "{scan}"\n')
    for name in files:
        (folder / name).write_text(name)
    (place,) = Films(folder).places
    job = place.job()
    receipt = Receipt(
        stage=INGEST.name,
        revision=INGEST.revision,
        settings=settings(INGEST, job.project),
        inputs=inputs(INGEST, job, ElementCache(job)),
        outputs={},
        versions={},
    )
    (job.folder(INGEST.name) / Path(Receipt.PATH).name).write_text(receipt.to_json())
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_film(tmp_path, "scan.%04d.exr", ["scan.0001.exr", "scan.0002.exr"])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read; every file is too large for a page to wait."""
    names: list[str] = []
    digest = digest_cache.digest

    def spy(path: Path) -> str:
        names.append(path.name)
        return digest(path)

    monkeypatch.setattr(digest_cache, "digest", spy)
    monkeypatch.setattr(films_module, "READ_AT_ONCE_BYTES", 0)
    return names


@pytest.fixture
def hold(read: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Reading waits until this is called."""
    goes = threading.Event()
    digest = digest_cache.digest

    def wait(path: Path) -> str:
        assert goes.wait(60)
        return digest(path)

    monkeypatch.setattr(digest_cache, "digest", wait)
    return goes.set


def ingest_of(films: Films) -> str:
    return films.state(films.places[0]).stages[0][1].state


def test_checksums_of_a_small_film_are_read_at_once(root: Path) -> None:
    assert ingest_of(Films(root)) == "fresh"
    assert (root / DIGEST_CACHE).exists()


def test_a_film_is_read_once_and_pages_say_so_meanwhile(
    root: Path, read: list[str], hold: Callable[[], None]
) -> None:
    studio = Studio(root, read_only=False)
    films, (place,) = studio.films, studio.films.places
    before = films.signature(place)
    with ThreadPoolExecutor() as pool:
        states = [*pool.map(lambda _: ingest_of(films), range(12))]
    assert states == ["unknown"] * 12
    assert films.signature(place) != before
    client = client_of(studio)
    for page in ("/", f"/film/{place.id}/run", f"/film/{place.id}/report"):
        assert READING in client.get(page).text, page
    (root / "film.toml").touch()
    assert ingest_of(films) == "unknown"
    hold()
    wait_until(lambda: ingest_of(films) == "fresh")
    wait_until(lambda: films.signature(place) == (place.signature(), False))
    assert read == ["scan.0001.exr", "scan.0002.exr"]
    assert ingest_of(Films(root)) == "fresh"  # At once, by the stored checksums.


def test_with_read_only_checksums_are_kept_in_memory_alone(root: Path, read: list[str]) -> None:
    films = Films(root, read_only=True)
    for _ in range(3):
        wait_until(lambda: ingest_of(films) == "fresh")
        (root / "film.toml").touch()
    assert read == ["scan.0001.exr", "scan.0002.exr"]
    assert not (root / DIGEST_CACHE).exists()


def test_frames_that_cannot_be_read_make_ingest_stale_and_it_will_name_them(
    root: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> str:
        read.append(path.name)
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(digest_cache, "digest", fail)
    films = Films(root)
    (place,) = films.places
    wait_until(lambda: ingest_of(films) == "stale")
    assert films.state(place).error is None
    assert {*read} == {"scan.0001.exr", "scan.0002.exr"}


def test_a_movie_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> str:
        raise OSError(5, "Input/output error", str(path))

    root = write_film(tmp_path, "scan.mov", ["scan.mov"])
    monkeypatch.setattr(digest_cache, "digest", fail)
    films = Films(root)
    (place,) = films.places
    wait_until(lambda: films.state(place).error)
    assert films.state(place).error == f"{root}/scan.mov: cannot be read (Input/output error)"
