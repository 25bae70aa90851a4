"""Pages of the web do not reach the studio, and paths do not lead out of its folder."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from unfade.studio.app import make_app
from unfade.studio.guard import Guard
from unfade.studio.studio import Studio

from .client import COOKIE, HOST, ORIGIN, TOKEN, film_id, guarded, open_client

FILM = """\
[film]
title = "<script>alert('title')</script>"
[source]
path = "<img src=x>\\u202e\\u001b[2J.%04d.exr"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An opened folder with a film, beside a folder that nobody opened."""
    film = tmp_path / "opened" / "<b>reel"
    film.mkdir(parents=True)
    (film / "film.toml").write_text(FILM)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.txt").write_text("secret")
    return tmp_path / "opened"


@pytest.fixture
def stranger(root: Path) -> TestClient:
    """A client without cookie and origin."""
    return TestClient(guarded(Studio(root, read_only=False)), ORIGIN, follow_redirects=False)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8040", "127.0.0.1", "127.0.0.1:9999", "127.0.0.1.evil:8040", ""],
)
def test_a_foreign_or_rebound_host_name_is_refused(stranger: TestClient, host: str) -> None:
    answer = stranger.get("/", headers={"host": host, "cookie": COOKIE})
    assert answer.status_code == 421
    assert "Films" not in answer.text


@pytest.mark.parametrize("host", [HOST, "localhost:8040", "[::1]:8040"])
def test_the_names_of_this_machine_are_let_through(stranger: TestClient, host: str) -> None:
    assert stranger.get("/", headers={"host": host, "cookie": COOKIE}).status_code == 200


@pytest.mark.parametrize(
    "cookie",
    ["", "unfade_8040=", "unfade_8040=other", "unfade_9999=the-key", "unfade_8040=the-key\u00e9"],
)
@pytest.mark.parametrize("path", ["/", "/events", "/static/studio.js", "/films/complete"])
def test_no_page_is_shown_without_the_token(stranger: TestClient, cookie: str, path: str) -> None:
    answer = stranger.get(path, headers={"cookie": cookie.encode("latin-1")})
    assert answer.status_code == 403
    assert "'unfade studio'" in answer.text


def test_the_token_is_traded_for_a_cookie_that_scripts_cannot_read(stranger: TestClient) -> None:
    answer = stranger.get(f"//evil.example/x?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith("//")
    assert TOKEN not in answer.headers["location"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/?token=wrong", headers={"cookie": ""}).status_code == 403


def test_two_studios_keep_their_cookies_apart(root: Path) -> None:
    """Cookies belong to a host, whatever the port, so that a browser sends both to both studios."""
    app = make_app(Studio(root, read_only=False))
    browser: dict[str, str] = {}
    studios = []
    for port, token in ((8040, "one"), (8041, "other")):
        client = TestClient(
            Guard(app, port, token, read_only=False),
            f"http://127.0.0.1:{port}",
            follow_redirects=False,
        )
        browser |= dict(client.get(f"/?token={token}").cookies)
        client.cookies.clear()
        studios.append(client)
    assert browser == {"unfade_8040": "one", "unfade_8041": "other"}
    cookies = "; ".join(f"{name}={value}" for name, value in browser.items())
    assert [one.get("/", headers={"cookie": cookies}).status_code for one in studios] == [200, 200]


def test_broken_cookies_of_other_servers_do_not_hide_the_studios(stranger: TestClient) -> None:
    for broken in ('x={"a": 1}', "a b", "=1", "[]=2", 'q="open'):
        cookies = f"{broken}; {COOKIE}"
        assert stranger.get("/", headers={"cookie": cookies}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8040", "null", ""]
)
def test_a_command_of_another_page_is_refused(stranger: TestClient, origin: str) -> None:
    headers = {"cookie": COOKIE, "origin": origin}
    answer = stranger.post("/films/demo", headers=headers)
    assert answer.status_code == 403
    assert "another page" in answer.text


def test_a_command_without_origin_is_refused(stranger: TestClient) -> None:
    assert stranger.post("/films/demo", headers={"cookie": COOKIE}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_changed_with_read_only(root: Path, method: str) -> None:
    client = open_client(root, read_only=True)
    answer = client.request(method, "/films/demo")
    assert answer.status_code == 403
    assert "--read-only" in answer.json()["error"]
    assert client.get("/").status_code == 200
    assert not (root / ".unfade-studio").exists()


def test_every_answer_forbids_scripts_of_others_and_frames(stranger: TestClient) -> None:
    shown = stranger.get("/", headers={"cookie": COOKIE})
    for answer in (shown, stranger.get("/"), stranger.get("/", headers={"host": "evil.example"})):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "typed",
    [
        "../",
        "../secret/",
        "/etc/",
        "%2e%2e/secret/",
        "<b>reel/../../secret/",
        "link/",
        "loop/",
        "\0/",
        "x" * 5000 + "/",
    ],
)
def test_completion_stays_in_the_folder(root: Path, typed: str) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    (root / "loop").symlink_to(root / "loop")
    answer = open_client(root).get("/films/complete", params={"path": typed})
    assert answer.status_code == 200
    assert answer.json() == {"paths": []}


def test_completion_offers_what_is_in_the_folder(root: Path) -> None:
    (root / "scan.mov").touch()
    (root / ".hidden").touch()
    client = open_client(root)

    def paths(typed: str) -> list[str]:
        found: list[str] = client.get("/films/complete", params={"path": typed}).json()["paths"]
        return found

    assert paths("") == ["<b>reel/", "scan.mov"]
    assert paths("sc") == ["scan.mov"]
    assert paths(".") == [".hidden"]
    assert paths("<b>reel/") == ["<b>reel/film.toml"]


@pytest.mark.parametrize("path", ["../secret/key.txt", "/etc/passwd", "link/key.txt", "a\0b"])
@pytest.mark.parametrize("key", ["folder", "source", "reference"])
def test_a_new_film_takes_paths_in_the_folder_only(root: Path, path: str, key: str) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    client = open_client(root)
    command = {"folder": "new", "source": "scan.mov", "reference": "dvd.mpg", key: path}
    answer = client.post("/films/new", json=command)
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert not (root / ".unfade-studio").exists()


@pytest.mark.parametrize(
    "path",
    ["/static/../../secret/key.txt", "/static/%2e%2e/guard.py", "/static/..%2f..%2fguard.py"],
)
def test_static_files_are_those_of_the_studio_only(root: Path, path: str) -> None:
    answer = open_client(root).get(path)
    assert answer.status_code in (403, 404)
    assert "secret" not in answer.text
    assert "hmac" not in answer.text


def test_names_of_a_film_are_shown_as_text(root: Path) -> None:
    client = open_client(root)
    films = client.get("/").text
    for page in (films, *(client.get(f"/film/{film_id(client)}/{one}").text for one in PAGES)):
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "<b>reel" not in page
        assert not {"\u202e", "\x1b"} & {*page}
    assert "&lt;script&gt;alert" in films


PAGES = ("run", "viewer", "pairs", "training", "outliers", "report")


def test_a_folder_whose_name_is_no_utf8_does_not_break_the_pages(root: Path) -> None:
    folder = root / b"reel\xff".decode("utf-8", "surrogateescape")
    folder.mkdir()
    (folder / "film.toml").write_text("nonsense")
    client = open_client(root)
    assert client.get("/").status_code == 200
    assert client.get("/films/complete", params={"path": ""}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b"[" * 90_000,
        b'{"verb": ' + b"9" * 5000 + b"}",
        b"x" * 200_000,
        b'{"verb": 1}',
    ],
)
def test_a_command_that_is_no_command_gets_a_sentence(root: Path, body: bytes) -> None:
    client = open_client(root)
    answer = client.post(f"/film/{film_id(client)}/runs", content=body)
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("the request")


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800"])
def test_text_that_no_file_can_hold_is_refused(root: Path, text: str) -> None:
    body = f'{{"folder": "new", "source": "scan.mov", "title": "{text}"}}'
    answer = open_client(root).post("/films/new", content=body)
    assert answer.status_code == 409
    assert "title" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/film/0000000000/run", "/film/..%2f..%2fsecret/run", "/none"])
def test_what_is_not_there_gets_a_sentence(root: Path, path: str) -> None:
    client = open_client(root)
    answer = client.get(path)
    assert answer.status_code in (404, 409)
    assert answer.json()["error"]
    page = client.get("/film/0000000000/run", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "not below the folder" in page.text
