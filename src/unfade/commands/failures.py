"""Turns every exception into one line on standard error and an exit status.

An `UnfadeError` gives its sentence and `EXIT_USER_ERROR`. Any other exception is a defect of
Unfade: its traceback goes into a log, and the line names the log.
"""

import difflib
import errno
import math
import os
import platform
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self

from unfade import __version__
from unfade.errors import UnfadeError, WorkError, one_line
from unfade.film.stage_names import STAGE_NAMES
from unfade.project.paths import project_path

EXIT_DEFECT = 1
"""Exit status after a defect of Unfade."""
EXIT_USER_ERROR = 2
"""Exit status after an error that the user can mend."""
EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + the number of SIGINT, as in a shell."""
EXIT_BROKEN_PIPE = 1
"""Exit status after the reader of the output, such as ``head``, closed the pipe."""

CONVERSION_S = 30.0
"""Seconds after Ctrl-C within which an unexpected error counts as one that a library made of it.
One that was being imported has taken 8 seconds until it failed."""

_PERMISSION = "give yourself permission there"
_SPACE = "make free space there"
_DISK = "check that disk and its connection"
_PATH = "correct that path"
_REMEDIES_BY_ERRNO = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: _PERMISSION,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "raise the limit of the size of files with 'ulimit -f', or choose another disk",
    errno.EIO: _DISK,
    errno.ESTALE: _DISK,
    errno.ENOTDIR: _PATH,
    errno.EISDIR: _PATH,
    errno.ENAMETOOLONG: _PATH,
    errno.ELOOP: _PATH,
    errno.EMFILE: "raise the limit of open files with 'ulimit -n'",
    errno.ENFILE: "close other programs, which hold all files that the system can open",
}
"""The remedy for each error of the file system. ENOENT is missing: the code that opens a path of
the user reports it, so that anywhere else it is a defect."""

_OUT_OF_MEMORY_WORDS = (
    "DefaultCPUAllocator",
    "not enough memory",
    "(-4:Insufficient memory)",
    "bad_alloc",
)
"""Parts of the messages of PyTorch, OpenCV and the C++ library, which raise no MemoryError."""


class FailureReporter:
    """Turns an exception of the block into one line, and exits.

    It is a context manager and not an ``except`` clause, because it never lets the program go on.
    """

    _interrupted_s: ClassVar[float] = -math.inf

    def __init__(self, arguments: Sequence[str]) -> None:
        """
        Args:
            arguments: of the command line, without the program's name.
        """
        self._arguments = arguments

    def __enter__(self) -> Self:
        FailureReporter._interrupted_s = -math.inf
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            with suppress(ValueError):  # Only the main thread may handle signals.
                signal.signal(signal.SIGINT, self._interrupt)
        return self

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Remembers Ctrl-C, because a library that is being imported turns it into an error of its
        own."""
        FailureReporter._interrupted_s = time.monotonic()
        signal.default_int_handler(number, frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if error is None or isinstance(error, SystemExit):
            return
        if isinstance(error, BrokenPipeError):
            _discard_output()
            raise SystemExit(EXIT_BROKEN_PIPE) from None
        line, status = self.line(error)
        with suppress(OSError):
            print(line, file=sys.stderr)
        raise SystemExit(status) from None

    def line(self, error: BaseException) -> tuple[str, int]:
        """The line for an exception, and the exit status."""
        if isinstance(error, KeyboardInterrupt):
            return interrupted_message(self._arguments), EXIT_INTERRUPTED
        if isinstance(error, UnfadeError):
            return f"unfade: {error}", EXIT_USER_ERROR
        if hasattr(error, "format_message"):
            return usage_message(error), EXIT_USER_ERROR
        if isinstance(error, OSError) and error.errno in _REMEDIES_BY_ERRNO:
            place = error.filename or ("standard output" if _output_fails() else self._place())
            path = one_line(str(place))
            reason = error.strerror or error
            return f"unfade: {path}: {reason}; {_REMEDIES_BY_ERRNO[error.errno]}", EXIT_USER_ERROR
        if isinstance(error, RuntimeError) and "out of memory" in str(error):
            remedy = "close what else uses it, or hide it with CUDA_VISIBLE_DEVICES="
            return f"unfade: the graphics processor is out of memory; {remedy}", EXIT_USER_ERROR
        if time.monotonic() - self._interrupted_s < CONVERSION_S:
            return interrupted_message(self._arguments), EXIT_INTERRUPTED
        status = EXIT_USER_ERROR if _is_out_of_memory(error) else EXIT_DEFECT
        return defect_message(error, self._arguments), status

    def _place(self) -> Path | str:
        """Where a file without a name was written: beside film.toml, or on another disk in use."""
        folder = _work_folder(self._arguments)
        return folder.absolute() if folder else "the disk"


def check_output() -> None:
    """
    Raises:
        WorkError: standard output was closed before the program started.
    """
    if sys.stdout is None:
        raise WorkError("standard output is closed; let it go to a terminal or a file")


def _output_fails() -> bool:
    """Whether standard output cannot be written to, as on a full disk; if so, it is discarded.

    A line end is printed, because a flush without buffered text never fails.
    """
    try:
        print(flush=True)
    except OSError:
        _discard_output()
        return True
    return False


def _discard_output() -> None:
    """Sends standard output to the null device, because buffered text would fail again at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def interrupted_message(arguments: Sequence[str]) -> str:
    """The line after Ctrl-C."""
    if arguments[:1] and arguments[0] in ("run", "demo", *STAGE_NAMES):
        return "unfade: stopped; the same command goes on from here"
    return "unfade: stopped"


def usage_message(error: Any) -> str:
    """The line for a wrong command line, with the nearest valid option or verb."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    words = one_line(error.format_message())
    words = re.sub(r"\s*(\(Possible options|Did you mean).*", "", words).removesuffix(".")
    words = re.sub("Input should be a valid integer.*", "it must be a whole number", words)
    words = words[:1].lower() + words[1:].replace("Input should be", "it must be")
    context = getattr(error, "ctx", None)
    if context is None:
        return f"unfade: {words}"
    unknown = re.fullmatch(r"no such (option|command):? '?(.*?)'?", words)
    if unknown:
        command, kind, name = context.command, unknown[1], unknown[2]
        options = [text for one in command.params for text in one.opts if text.startswith("-")]
        valid = options if kind == "option" else list(getattr(command, "commands", {}))
        nearest = difflib.get_close_matches(name, [*valid, "--help"], n=1, cutoff=0.0)[0]
        words = f"there is no {kind} '{name}'; the nearest valid one is '{nearest}'"
    return f"unfade: {words}; see '{context.command_path} --help'"


def defect_message(error: BaseException, arguments: Sequence[str]) -> str:
    """Writes the log of an unexpected exception, and returns its line."""
    log = _write_log(error, arguments)
    what = f"{type(error).__name__}: {one_line(str(error)) or 'no message'}"
    where = _stage_of(error) or next(iter(arguments), "unfade")
    about_log = f"its log is {log}" if log else "its log could not be written"
    if _is_out_of_memory(error):
        return f"unfade: {where} ran out of memory; close what else uses it; {about_log}"
    attached = "that file" if log else "this line"
    return (
        f"unfade: {where} failed ({what}); this is a defect of Unfade: {about_log}; report it "
        f"with {attached}"
    )


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that main memory was full; each library has its own type."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    words = _OUT_OF_MEMORY_WORDS
    return isinstance(error, MemoryError) or any(part in str(error) for part in words)


def _write_log(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Writes a traceback beside film.toml, else into the folder for temporary files.

    Returns:
        The path of the log; None if neither folder can be written to.
    """
    head = f"unfade {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    text = f"{head}{' '.join(arguments)}\n\n{''.join(traceback.format_exception(error))}"
    name = f"unfade-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for find_folder in (lambda: _work_folder(arguments), tempfile.gettempdir):
        # An argument may be an invalid path, and a folder may not be writable.
        with suppress(OSError, ValueError):
            if folder := find_folder():
                path = Path(folder, name)
                # "x" follows no link that another user has laid in a shared folder.
                with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(text)
                return path
    return None


def _work_folder(arguments: Sequence[str]) -> Path | None:
    """The folder of the project file in a command line; None if there is none."""
    for argument in arguments:
        with suppress(OSError, ValueError, UnfadeError):
            path = project_path(argument)
            if path.suffix == ".toml" and path.is_file():
                return path.parent
    return None


def _stage_of(error: BaseException) -> str | None:
    """The stage that raised an error, by the modules in its traceback; None outside stages."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        match = re.fullmatch(r"unfade\.(\w+)\.stage", frame.f_globals.get("__name__", ""))
        if match:
            return match[1]
    return None
