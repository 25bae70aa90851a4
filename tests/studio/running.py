"""A studio that runs as a process of its own, and requests to it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from unfade.studio.films import place_of

from .client import running_server

TIMEOUT_S = 30
"""Seconds for an answer: a busy machine is slow."""


@dataclass(frozen=True)
class Answer:
    """An answer of the studio."""

    status: int
    headers: Any
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8")

    @property
    def error(self) -> str:
        """The sentence of a refusal."""
        return str(json.loads(self.content)["error"])


@dataclass(frozen=True)
class RunningStudio:
    """A studio on a folder, and its key."""

    root: Path
    origin: str
    token: str

    @property
    def welcome(self) -> str:
        """The address that the person opens."""
        return f"{self.origin}/?token={self.token}"

    def film(self, folder: Path) -> str:
        """The address of a film, without the origin."""
        return f"/film/{place_of(self.root, folder / 'film.toml').id}"

    def new_folder(self) -> Path:
        """An empty path in the opened folder, for a film."""
        return self.root / f"reel{len([*self.root.iterdir()])}"

    def get(self, address: str) -> Answer:
        return self._answer(urllib.request.Request(self.origin + address))

    def post(self, address: str, **command: object) -> Answer:
        request = urllib.request.Request(self.origin + address, json.dumps(command).encode())
        request.add_header("origin", self.origin)
        return self._answer(request)

    def _answer(self, request: urllib.request.Request) -> Answer:
        request.add_header("cookie", f"unfade_{urlsplit(self.origin).port}={self.token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


@contextmanager
def running_studio(root: Path, *options: str) -> Iterator[RunningStudio]:
    """A studio that is open on a folder while the block runs; its runs end with it."""
    with running_server(root, "--stop-runs", *options) as server:
        yield RunningStudio(root, f"http://{server.host}", server.token)
        server.interrupt()
