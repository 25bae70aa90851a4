"""The one place where failures become sentences: a line on the screen and an exit status.

What the user can mend is one sentence and `EXIT_USER_ERROR`. Anything else is a defect: its
traceback goes into a file, and the line names that file.
"""

import difflib
import errno
import os
import platform
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from unfade import __version__
from unfade.errors import UnfadeError, WorkError
from unfade.film.stage_names import STAGE_NAMES
from unfade.project.paths import project_path

EXIT_DEFECT = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
"""Exit status of a program that Ctrl-C ended: 128 and the number of SIGINT."""
EXIT_BROKEN_PIPE = 1
"""After the reader of the output, such as ``head``, went away."""

_PERMISSION = "give yourself permission there"
_SPACE = "make free space there"
_DISK = "check that disk and its connection"
_PATH = "correct that path"
_REMEDIES = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: _PERMISSION,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EIO: _DISK,
    errno.ESTALE: _DISK,
    errno.ENOTDIR: _PATH,
    errno.EISDIR: _PATH,
    errno.ENAMETOOLONG: _PATH,
    errno.ELOOP: _PATH,
    errno.EMFILE: "raise the limit of open files with 'ulimit -n'",
    errno.ENFILE: "close other programs, which hold all files that the system can open",
}
"""What a person can do, by what the file system says. A file that is not there is no such case:
where a path of the user may be wrong, the code that reads it says so."""

_FULL_MEMORY = ("DefaultCPUAllocator", "not enough memory", "(-4:Insufficient memory)")
"""What PyTorch and OpenCV say instead of a MemoryError."""


class FailureReporter:
    """Turns whatever ends a command into one line, and the program's exit.

    As a context manager and not as an ``except``, so that nothing is caught that goes on.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments` of the command line, without the program's name."""
        self._arguments = arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, SystemExit):
            return
        if isinstance(error, BrokenPipeError):
            _discard_output()
            raise SystemExit(EXIT_BROKEN_PIPE) from None
        line, status = self._line(error)
        with suppress(OSError):
            print(line, file=sys.stderr)
        raise SystemExit(status) from None

    def _line(self, error: BaseException) -> tuple[str, int]:
        if isinstance(error, KeyboardInterrupt):
            return stopped(self._arguments), EXIT_INTERRUPTED
        if isinstance(error, UnfadeError):
            return f"unfade: {_on_one_line(str(error))}", EXIT_USER_ERROR
        if hasattr(error, "format_message"):
            return usage(error), EXIT_USER_ERROR
        if isinstance(error, OSError) and error.errno in _REMEDIES:
            place = error.filename or (
                "standard output" if _output_fails() else "the work directory"
            )
            reason = error.strerror or error
            return f"unfade: {place}: {reason}; {_REMEDIES[error.errno]}", EXIT_USER_ERROR
        if isinstance(error, RuntimeError) and "out of memory" in str(error):
            remedy = "close what else uses it, or hide it with CUDA_VISIBLE_DEVICES="
            return f"unfade: the graphics processor is out of memory; {remedy}", EXIT_USER_ERROR
        return defect(error, self._arguments), EXIT_DEFECT


def check_output() -> None:
    """
    Raises:
        WorkError: whoever started the program closed its standard output.
    """
    if sys.stdout is None:
        raise WorkError("standard output is closed; let it go to a terminal or a file")


def _output_fails() -> bool:
    """Whether what is printed cannot be written; it is given up then.

    A line end is tried, because a flush does not fail where nothing is buffered.
    """
    try:
        print(flush=True)
    except OSError:
        _discard_output()
        return True
    return False


def _discard_output() -> None:
    """Sends standard output nowhere: what is buffered would fail once more at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stopped(arguments: Sequence[str]) -> str:
    """What is said after Ctrl-C."""
    if arguments[:1] and arguments[0] in ("run", "demo", *STAGE_NAMES):
        return "unfade: stopped; the same command goes on from here"
    return "unfade: stopped"


def usage(error: Any) -> str:
    """A fault of the command line, with the nearest option or verb that there is."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    words = _on_one_line(error.format_message())
    words = re.sub(r"\s*(\(Possible options|Did you mean).*", "", words).removesuffix(".")
    words = re.sub("Input should be a valid integer.*", "it must be a whole number", words)
    words = words[:1].lower() + words[1:].replace("Input should be", "it must be")
    context = getattr(error, "ctx", None)
    if context is None:
        return f"unfade: {words}"
    found = re.fullmatch(r"no such (option|command):? '?(.*?)'?", words)
    if found:
        command = context.command
        options = [name for one in command.params for name in one.opts if name.startswith("-")]
        known = options if found[1] == "option" else list(getattr(command, "commands", {}))
        nearest = difflib.get_close_matches(found[2], [*known, "--help"], n=1, cutoff=0.0)[0]
        words = f"there is no {found[1]} '{found[2]}'; the nearest valid one is '{nearest}'"
    return f"unfade: {words}; see '{context.command_path} --help'"


def defect(error: BaseException, arguments: Sequence[str]) -> str:
    """What is said of a failure that nobody foresaw, after its traceback has gone into a file."""
    place = _write_log(error, arguments)
    what = f"{type(error).__name__}: {_on_one_line(str(error)) or 'no more is known'}"
    where = _stage_of(error) or next(iter(arguments), "unfade")
    log = f"its log is {place}" if place else "its log could not be written"
    if _is_full_memory(error):
        return f"unfade: {where} ran out of memory; close what else uses it; {log}"
    return (
        f"unfade: {where} failed ({what}); this is a defect of Unfade: {log}, please report it "
        "with that file"
    )


def _is_full_memory(error: BaseException) -> bool:
    """Whether the computer's memory was full, by whatever name a library gives it."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or any(words in str(error) for words in _FULL_MEMORY)


def _write_log(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Writes a traceback beside film.toml, or into the folder for temporary files."""
    head = f"unfade {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    text = f"{head}{' '.join(arguments)}\n\n{''.join(traceback.format_exception(error))}"
    name = f"unfade-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for find in (lambda: _work_folder(arguments), tempfile.gettempdir):
        # No argument is known to be a path that there can be, and no folder to be writable.
        with suppress(OSError, ValueError):
            if folder := find():
                place = Path(folder, name)
                place.write_text(text, encoding="utf-8", errors="backslashreplace")
                return place
    return None


def _work_folder(arguments: Sequence[str]) -> Path | None:
    """The work directory that a command line names, if it names one."""
    for one in arguments:
        with suppress(OSError, ValueError, UnfadeError):
            place = project_path(one)
            if place.suffix == ".toml" and place.is_file():
                return place.parent
    return None


def _stage_of(error: BaseException) -> str | None:
    """The stage in which an error was raised, told by the modules of its traceback."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = re.fullmatch(r"unfade\.(\w+)\.stage", frame.f_globals.get("__name__", ""))
        if found:
            return found[1]
    return None


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
