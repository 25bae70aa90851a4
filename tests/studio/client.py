"""Clients of the studio for tests: in this process behind the guard, and a server of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
from starlette.testclient import TestClient

import unfade
from unfade.studio.app import make_app
from unfade.studio.guard import Guard
from unfade.studio.studio import Studio

PORT = 8040
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
TOKEN = "the-key"
COOKIE = f"unfade_{PORT}={TOKEN}"

PATIENCE_S = 60.0
"""Seconds until a wait counts as failed, on a loaded machine."""


def guarded(studio: Studio) -> Guard:
    return Guard(make_app(studio), PORT, TOKEN, read_only=studio.read_only)


def open_client(root: Path, *, read_only: bool = False) -> TestClient:
    """A client with the studio's cookie and origin. Runs start only within ``with``."""
    return client_of(Studio(root, read_only))


def client_of(studio: Studio) -> TestClient:
    """As `open_client`, of a studio that the test holds."""
    headers = {"cookie": COOKIE, "origin": ORIGIN}
    return TestClient(guarded(studio), ORIGIN, headers=headers, follow_redirects=False)


def film_id(client: TestClient) -> str:
    """The id of the first film on the page of films."""
    return client.get("/").text.split('href="/film/')[1].split("/")[0]


def wait_until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


class PairsPage:
    """The page of pairs of a film, without a browser."""

    def __init__(self, film: Path, *, read_only: bool = False) -> None:
        self.client = open_client(film.parents[1], read_only=read_only)
        self.address = f"/film/{film_id(self.client)}/pairs"

    @property
    def text(self) -> str:
        return str(self.client.get(self.address).text)

    @property
    def seen(self) -> str:
        return self.text.split('data-digest="')[1].split('"')[0]

    @property
    def version(self) -> str:
        """What its pictures and weights were made from."""
        return self.text.split('data-version="')[1].split('"')[0]

    def choose(self, verb: str, source: int, **more: object) -> tuple[int, dict[str, str]]:
        command = {"seen": self.seen, "verb": verb, "source": source, **more}
        answer = self.client.post(f"{self.address}/choose", json=command)
        return answer.status_code, answer.json()

    def get(self, what: str, **query: object) -> object:
        answer = self.client.get(f"{self.address}/{what}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def picture(self, what: str = "picture", **query: object) -> np.ndarray:
        answer = self.client.get(f"{self.address}/{what}", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/jpeg"
        decoded = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        return np.asarray(decoded)


class ServerProcess:
    """A studio in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        parts = urlsplit(address)
        self.process, self.host = process, parts.netloc
        self.streams: list[tuple[http.client.HTTPConnection, http.client.HTTPResponse]] = []
        self.token = parse_qs(parts.query)["token"][0]
        self.headers = {"cookie": f"unfade_{parts.port}={self.token}"}

    def ask(self, path: str, body: str | None = None) -> tuple[int, str]:
        """Status and text of the answer to a GET, or with a body to a POST."""
        connection = self._connected()
        try:
            if body is None:
                connection.request("GET", path, headers=self.headers)
            else:
                headers = {**self.headers, "origin": f"http://{self.host}"}
                connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def open_stream(self, last_id: str | None = None) -> http.client.HTTPResponse:
        """The stream of events, open until the server ends."""
        connection = self._connected()
        resumed = {} if last_id is None else {"last-event-id": last_id}
        connection.request("GET", "/events", headers={**self.headers, **resumed})
        self.streams.append((connection, connection.getresponse()))
        return self.streams[-1][1]

    def close_streams(self) -> None:
        for connection, answer in self.streams:
            answer.close()
            connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, timeout=PATIENCE_S)

    def interrupt(self) -> float:
        """Ends it as Ctrl-C does; seconds until it has ended."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE_S)
        return time.monotonic() - start


@contextmanager
def running_server(root: Path, *options: str) -> Iterator[ServerProcess]:
    command = [sys.executable, "-m", "unfade", "studio", str(root), "--no-browser", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(unfade.__file__).parents[1])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] and "open at " not in lines[-1]:
            lines.append(process.stdout.readline())
        assert lines[-1], lines
        server = ServerProcess(process, lines[-1].split("open at ")[1].strip())
        try:
            yield server
        finally:
            server.close_streams()
            process.kill()
