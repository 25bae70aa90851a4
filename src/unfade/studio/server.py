"""The server: bound to this machine alone, and ended by Ctrl-C within a second."""

import asyncio
import logging
import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import uvicorn

from unfade.errors import ProjectError
from unfade.studio.app import make_app
from unfade.studio.guard import TOKEN_PARAMETER, Guard
from unfade.studio.studio import RUNS_FOLDER, Studio
from unfade.work.lock import lock_folder
from unfade.work.writing import make_folder

LOOPBACK = "127.0.0.1"

FIRST_PORT = 8040
"""The port that is tried first, so that the address is mostly the same."""

MAX_CONNECTIONS = 300
"""Open connections, most of which wait for their turn; others are answered that the studio is
busy."""

BACKLOG = 512
"""Connections that wait until the server takes them: more than a browser ever opens."""

END_PATIENCE_S = 0.4
"""Seconds that Ctrl-C leaves to requests that are being answered."""

TOKEN_BYTES = 32


def serve(
    root: Path,
    path: str,
    say: Callable[[str], None],
    *,
    port: int | None,
    read_only: bool,
    stop_runs: bool,
    open_browser: bool,
) -> None:
    """Serves the studio until Ctrl-C.

    Args:
        root: the folder whose films it shows.
        path: of the first page, such as ``/``.
        say: prints a line.
        port: to listen on; None for the first free one from `FIRST_PORT`.
        read_only: whether nothing can be changed.
        stop_runs: whether a run that works is stopped at the end.
        open_browser: whether the browser is opened.

    Raises:
        ProjectError: the port is taken.
        WorkError: another studio has opened the folder, or it cannot be written to.
    """
    with ExitStack() as stack:
        if not read_only:
            make_folder(root / RUNS_FOLDER)
            stack.enter_context(lock_folder(root / RUNS_FOLDER, say))
        listener = stack.enter_context(_listener(port))
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        studio = Studio(root, read_only)
        guarded = Guard(make_app(studio), port, token, read_only=read_only)
        config = uvicorn.Config(
            guarded,
            log_config=None,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=1,
            server_header=False,
            ws="none",
        )
        address = f"http://{LOOPBACK}:{port}{path}?{TOKEN_PARAMETER}={token}"
        say(f"the studio is open at {address}")
        say("Ctrl-C closes it; runs go on" if not stop_runs else "Ctrl-C closes it, and stops runs")
        if open_browser:
            webbrowser.open(address)
        _Server(config, studio).run(sockets=[listener])
        if stop_runs and not read_only:
            studio.runs.stop_all()


class _Server(uvicorn.Server):
    """Ends the open streams of events when it is to stop, because it would wait for them."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops; uvicorn's own method would raise the signal again, before runs are stopped."""
        loop = asyncio.get_running_loop()
        self._closing = loop.create_task(self._studio.events.close())
        # Requests that are cut off now are no errors.
        logging.getLogger("uvicorn.error").disabled = True
        self.force_exit = self.should_exit
        self.should_exit = True
        loop.call_later(END_PATIENCE_S, setattr, self, "force_exit", True)


def _listener(port: int | None) -> socket.socket:
    """A socket that listens on a free port: who opens the address at once waits for the server.

    Raises:
        ProjectError: the port is taken.
    """
    for one in [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + 20), 0]:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, one))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            continue
        return listener
    raise ProjectError(f"--port {port}: is taken by another program; choose another port")
