"""The process in which `fuzz.py` feeds a target, and the rule that it checks."""

import contextlib
import faulthandler
import hashlib
import importlib
import io
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE_S = 10
"""Seconds that a reader may take for a file."""
MEMORY_BYTES = 4 * 2**30
"""Address space that a reader may take, besides that of the libraries."""
MAX_LINE = 12_000
"""Characters of a sentence: two paths and some words."""
CURRENT = "current"
"""The input that is being read."""
FORBIDDEN = ("os.exec", "os.fork", "os.posix_spawn", "os.system")
"""Events of the interpreter that no reader may raise."""
DECODER = "decoder_process.py"
"""The program that decodes movies, the only one that a reader starts."""
SENT_BY_DECODER = ("unfade", "numpy", "fractions")
"""Packages whose classes its messages have."""
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.truncate")
"""Events of the interpreter that change what their paths name."""


def feed(name: str, folder: str, seconds: float, seed: int) -> None:
    """Feeds a target for some time; keeps what breaks the rule."""
    faulthandler.enable()
    work = Path(folder)
    guided = _atheris()
    with guided.instrument_imports(include=["unfade"]) if guided else contextlib.nullcontext():
        targets = importlib.import_module("fuzz_targets")
        (target,) = [one for one in targets.TARGETS if one.name == name]
        film = _copy_of_film(work)
        corpus = _corpus(work, name)
        if not any(corpus.iterdir()):
            for data in target.seeds(film):
                (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        execute = Executions(target, work, film)
        end = time.monotonic() + seconds
        if guided:
            _feed_guided(guided, execute, corpus, seconds, seed)
        else:
            inputs, rng = (
                [one.read_bytes() for one in sorted(corpus.iterdir())],
                random.Random(seed),
            )
            while time.monotonic() < end:
                execute(target.mutate(rng.choice(inputs), rng))
    execute.save_state()
    os._exit(0)


def _feed_guided(
    guided: Any, execute: "Executions", corpus: Path, seconds: float, seed: int
) -> None:
    import atexit

    def mutate(data: bytes, max_size: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.15:
            data = guided.Mutate(data, max_size)
        return execute.target.mutate(bytes(data), rng)[:max_size]

    flags = [
        f"-max_total_time={max(1, int(seconds))}",
        f"-seed={seed + 1}",
        "-max_len=8000000",
        "-rss_limit_mb=0",
        "-detect_leaks=0",
        "-handle_segv=0",
        "-handle_abrt=0",
        "-handle_bus=0",
        "-handle_fpe=0",
        "-handle_ill=0",
        "-verbosity=0",
    ]
    atexit.register(execute.save_state)
    guided.Setup([sys.argv[0], *flags, str(corpus)], execute, custom_mutator=mutate)
    guided.Fuzz()


def repeat(finding: Path) -> None:
    """Reads the input of a finding again; the exception goes through."""
    targets = importlib.import_module("fuzz_targets")
    name = json.loads(finding.with_suffix(".json").read_text(encoding="utf-8"))["target"]
    (target,) = [one for one in targets.TARGETS if one.name == name]
    work = finding.resolve().parent.parent
    film = _copy_of_film(work)
    Executions(target, work, film).check(finding.with_suffix(".bin").read_bytes())
    print("nothing is wrong with it")


def keep(folder: Path, target: str, what: str, data: bytes, report: str) -> None:
    """Stores a finding once for each place and kind."""
    key = hashlib.sha256(f"{target} {what}".encode(errors="replace")).hexdigest()[:12]
    path = folder / "findings" / f"{target.replace(' ', '-')}-{key}.json"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.with_suffix(".bin").write_bytes(data)
        fields = {"target": target, "what": what, "report": report}
        path.write_text(json.dumps(fields, indent=2), encoding="utf-8")


class Executions:
    """Reads inputs, counts them, and keeps those that break the rule."""

    def __init__(self, target: Any, work: Path, film: Path) -> None:
        self.target = target
        self._work, self._film = work, film
        self._count = 0
        self._saved_s = 0.0
        self._reading = False
        self._broken: str | None = None
        self._is_user_error = _is_user_error()
        sys.addaudithook(self._audit)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def __call__(self, data: bytes) -> None:
        data = bytes(data)
        (self._work / CURRENT).write_bytes(data)
        self._count += 1
        try:
            self.check(data)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            keep(self._work, self.target.name, _place_of(error), data, _traceback_of(error))
        if time.monotonic() - self._saved_s > 0.5:
            self.save_state()

    def check(self, data: bytes) -> None:
        """
        Raises:
            Exception: what the target raised, if it is no sentence for a user, or what is wrong.
        """
        self._broken = None
        faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
        self._reading = True
        try:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.target.run(self._film, data)
            line = said.getvalue().replace("\n", " ")
        except Exception as error:
            if not self._is_user_error(error):
                raise
            line = _shown(error)
        finally:
            self._reading = False
            faulthandler.cancel_dump_traceback_later()
        hostile = [one for one in line if is_hostile(one)]
        if hostile:
            raise AssertionError("prints a control character")
        if len(line) > MAX_LINE and "said" not in self.target.name:
            raise AssertionError(f"prints a line of more than {MAX_LINE} characters")
        if self._broken:
            raise AssertionError(self._broken)

    def save_state(self) -> None:
        self._saved_s = time.monotonic()
        state = json.dumps({"executions": self._count})
        (self._work / "state.json").write_text(state, encoding="utf-8")

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._reading:
            return
        if event in FORBIDDEN:
            self._broken = f"raises the event {event}"
        elif event == "subprocess.Popen":
            if not any(str(one).endswith(DECODER) for one in arguments[1]):
                self._broken = f"starts {arguments[1]!r:.200}"
        elif event == "pickle.find_class":
            if str(arguments[0]).split(".")[0] not in SENT_BY_DECODER:
                self._broken = f"unpickles {arguments!r:.200}"
        elif event == "open" and isinstance(arguments[2], int):
            if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                self._check_inside(event, arguments[0])
        elif event in CHANGES:
            for path in arguments[:2]:
                self._check_inside(event, path)

    def _check_inside(self, event: str, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            real = os.path.realpath(os.fsdecode(path))
            if not real.startswith((f"{self._work.resolve()}{os.sep}", "/dev/", "/proc/self")):
                self._broken = f"{event} of {real!r:.200}"


def is_hostile(letter: str) -> bool:
    """Whether a character steers a terminal or turns the order of what is read."""
    return (
        unicodedata.category(letter) in ("Cc", "Cs")
        or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
    )


def _is_user_error() -> Callable[[Exception], bool]:
    from unfade.commands import failures
    from unfade.errors import UnfadeError

    def is_user_error(error: Exception) -> bool:
        if isinstance(error, UnfadeError):
            return True
        return isinstance(error, OSError) and error.errno in failures._REMEDIES_BY_ERRNO

    return is_user_error


def _shown(error: Exception) -> str:
    """The line that a user sees."""
    from unfade.commands.failures import FailureReporter

    return FailureReporter(()).line(error)[0]


def _place_of(error: Exception) -> str:
    """The kind of an exception, and the innermost place of Unfade in its traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{Path(one.filename).name}:{one.lineno} {one.name}"
        for one in frames
        if "/unfade/" in one.filename
    ]
    text = str(error)[:60] if isinstance(error, AssertionError) or not places else ""
    return f"{type(error).__name__} {text} {places[-1] if places else ''}"


def _traceback_of(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-6_000:]


def _copy_of_film(work: Path) -> Path:
    """A copy of the finished film, alone in a folder, for one process."""
    room = work / "room"
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(work / "film", room / "film", symlinks=True)
    return room / "film"


def _corpus(work: Path, name: str) -> Path:
    corpus = work / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    return corpus


def _atheris() -> Any:
    with suppress(ImportError):
        return importlib.import_module("atheris")
    return None
