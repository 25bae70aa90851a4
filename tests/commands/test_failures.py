"""Every failure of a command gives one line and an exit status; a defect leaves a log."""

import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import cv2
import pytest
import torch

from unfade.commands import app as cli
from unfade.commands.console import escape_unencodable
from unfade.commands.failures import CONVERSION_S, FailureReporter
from unfade.commands.terminal import terminal
from unfade.errors import MediaError
from unfade.pipeline import run as pipeline

RunCommand = Callable[..., tuple[int, str]]

FILM = '[film]\ntitle = "Reel"\n[source]\npath = "scan.dpx"\n'


@pytest.fixture
def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> RunCommand:
    """Runs a command; returns its exit status and its standard error."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["unfade", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return int(caught.value.code or 0), capsys.readouterr().err

    return run


def film(folder: Path) -> Path:
    folder.mkdir()
    (folder / "film.toml").write_text(FILM)
    return folder / "film.toml"


def set_failing_stage(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def stage_function(name: str) -> None:
        raise error

    monkeypatch.setattr("unfade.pipeline.run.stage_function", stage_function)


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        TypeError("unsupported operand"),
        ZeroDivisionError("division by zero"),
        RuntimeError("OpenImageIO: no such thing\nsecond line"),
        ValueError("Expected a tensor"),
        OSError("of a library, without a file"),
        KeyError("x"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "03-align/weight.exr"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_defect_is_one_line_with_a_log(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = film(tmp_path / "reel")
    set_failing_stage(monkeypatch, error)
    status, line = run_command("ingest", path)
    assert status == 1
    assert line.count("\n") == 1
    assert line.startswith("unfade: ingest failed (")
    assert "this is a defect of Unfade" in line
    (log,) = path.parent.glob("unfade-*.log")
    assert str(log) in line
    assert "Traceback" in log.read_text()
    assert type(error).__name__ in log.read_text()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 8 bytes. Error code 12 (Cannot allocate memory)"
        ),
        RuntimeError("[enforce fail] data. DefaultCPUAllocator: not enough memory: you tried"),
        cv2.error(
            "OpenCV(4.11.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate "
            "21600000000 bytes in function 'OutOfMemoryError'"
        ),
        cv2.error("std::bad_alloc"),
    ],
)
def test_full_memory_is_not_reported_as_a_defect(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    set_failing_stage(monkeypatch, error)
    status, line = run_command("ingest", film(tmp_path / "reel"))
    assert status == 2
    assert line.startswith("unfade: ingest ran out of memory; close what else uses it; its log is")
    assert "a defect" not in line


def test_a_file_that_may_not_grow_is_no_defect(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_failing_stage(monkeypatch, OSError(errno.EFBIG, "File too large"))
    status, line = run_command("ingest", film(tmp_path / "reel"))
    assert status == 2
    assert "File too large; raise the limit of the size of files with 'ulimit -f'" in line


def test_a_tensor_larger_than_memory(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the one that PyTorch itself raises."""

    def stage_function(name: str) -> None:
        torch.empty(2**55)

    monkeypatch.setattr("unfade.pipeline.run.stage_function", stage_function)
    _, line = run_command("ingest", film(tmp_path / "reel"))
    assert line.startswith("unfade: ingest ran out of memory; ")


def test_the_stage_of_a_defect_is_named(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "reel")

    def probe(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("unfade.ingest.units.probe", probe)
    assert run_command("run", path, "--to", "ingest")[1].startswith(
        "unfade: ingest failed (ZeroDiv"
    )


def test_without_a_work_directory_the_log_is_a_temporary_file(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app(**_: object) -> None:
        raise AssertionError("odd")

    monkeypatch.setattr(cli, "app", app)
    status, line = run_command("merge", "a", "b")
    assert status == 1
    (log,) = tmp_path.glob("unfade-*.log")
    assert (
        f"unfade: merge failed (AssertionError: odd); this is a defect of Unfade: its log is {log}"
        in line
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MediaError("a.mov: ends\nearly"), "unfade: a.mov: ends early\n"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "unfade: {folder}: No space left on device; make free space there\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.exr"),
            "unfade: a.exr: Permission denied; give yourself permission there\n",
        ),
        (
            OSError(errno.EMFILE, "Too many open files", "a.exr"),
            "unfade: a.exr: Too many open files; raise the limit of open files with 'ulimit -n'\n",
        ),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "a"),
            "unfade: a: Is a directory; correct that path\n",
        ),
        (
            OSError(errno.EIO, "Input/output error", "a.exr"),
            "unfade: a.exr: Input/output error; check that disk and its connection\n",
        ),
    ],
)
def test_an_error_that_the_user_can_mend_leaves_no_log(
    tmp_path: Path,
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected: str,
) -> None:
    path = film(tmp_path / "reel")
    set_failing_stage(monkeypatch, error)
    status, line = run_command("ingest", path)
    assert status == 2
    assert line.startswith(expected.format(folder=path.parent))
    assert line.count("\n") == 1
    assert not [*tmp_path.rglob("*.log")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rnu", "x"], "there is no command 'rnu'; the nearest valid one is 'run'"),
        (["pairs", "ad", "x"], "there is no command 'ad'; the nearest valid one is 'add'"),
        (
            ["run", "--quite", "x"],
            "there is no option '--quite'; the nearest valid one is '--quiet'",
        ),
        (
            ["new", "x", "--sorce", "y"],
            "there is no option '--sorce'; the nearest valid one is '--so",
        ),
        (["run"], "missing argument 'FILM.TOML...'; see 'unfade run --help'"),
        (["ingest", "a", "b"], "unexpected extra argument"),
        (["new", "x", "--source"], "option '--source' requires an argument"),
        (["demo", "--seed", "x"], "'--seed': it must be a whole number; see 'unfade"),
        (["demo", "--seed", str(2**64)], "'--seed': it must be less than or equal to 4294967295"),
        (["pairs", "why", ".", "3.5"], "it must be a whole number"),
        (["run", "a", "--from", "trian"], "there is no stage 'trian'; name one of ingest, "),
    ],
)
def test_a_wrong_command_line_gives_one_line(
    run_command: RunCommand, arguments: list[str], expected: str
) -> None:
    status, line = run_command(*arguments)
    assert status == 2
    assert line.startswith("unfade: ")
    assert expected in line
    assert line.count("\n") == 1
    assert "nput should" not in line


def test_the_version_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["unfade", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"unfade {metadata.version('unfade')}\n"


def test_ctrl_c_gives_one_line_that_says_how_to_resume(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "reel")
    set_failing_stage(monkeypatch, KeyboardInterrupt())
    monkeypatch.setattr(os, "_exit", sys.exit)
    assert run_command("ingest", path) == (
        130,
        "unfade: stopped; the same command goes on from here\n",
    )


def start_ingest(tmp_path: Path, stage_function: str) -> "subprocess.Popen[str]":
    """Starts a process that runs ingest with a stage function of the given code.

    SIGINT has its usual effect in it, also where the tests run in the background of a script, which
    ignores it.
    """
    program = (
        "import signal, sys, time\n"
        "from unfade.commands import app\n"
        "from unfade.pipeline import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"def stage_function(name):\n {stage_function}\n"
        "run.stage_function = stage_function; sys.argv = ['unfade', 'ingest', sys.argv[1]]\n"
        "app.main()"
    )
    command = [sys.executable, "-c", program, str(film(tmp_path / "reel"))]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def test_sigint_ends_a_process_with_the_same_line(tmp_path: Path) -> None:
    process = start_ingest(tmp_path, "print('ready', flush=True); time.sleep(60)")
    assert process.stdout is not None
    assert any("ready" in line for line in process.stdout), "it ended before it was ready"
    process.send_signal(signal.SIGINT)
    _, line = process.communicate(timeout=30)
    assert process.returncode == 130
    assert line == "unfade: stopped; the same command goes on from here\n"


def test_a_closed_pipe_prints_nothing(tmp_path: Path) -> None:
    process = start_ingest(tmp_path, "[print('x' * 1000) for _ in range(1000)]")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 1


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "unfade: standard output: No space"),
        (UnicodeError("odd"), "unfade: ingest failed (UnicodeError: odd); this is a defect"),
    ],
)
def test_a_full_disk_behind_standard_output_is_named(
    tmp_path: Path,
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    start: str,
) -> None:
    path = film(tmp_path / "reel")

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def app(**_: object) -> None:
        monkeypatch.setattr(sys, "stdout", Full())
        raise error

    monkeypatch.setattr(cli, "app", app)
    status, line = run_command("ingest", path)
    assert line.startswith(start)
    assert status == (2 if isinstance(error, OSError) else 1)


@pytest.mark.parametrize("channel", ["stdout", "stderr"])
def test_a_closed_standard_output_is_not_a_defect(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setattr(sys, channel, None)
    status, line = run_command("status", "none.toml")
    assert status == 2
    if channel == "stdout":
        assert line == "unfade: standard output is closed; let it go to a terminal or a file\n"


@pytest.mark.parametrize("argument", ["x" * 300, "x" * 5000, "/".join("x" * 5000), "a\0b", ""])
def test_invalid_paths_as_arguments_do_not_prevent_the_log(
    tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    path = film(tmp_path / "reel")
    set_failing_stage(monkeypatch, ValueError("odd"))
    monkeypatch.setattr(cli, "app", lambda **_: pipeline.stage_function("ingest"))
    status, line = run_command("ingest", argument, path)
    assert status == 1
    (log,) = path.parent.glob("unfade-*.log")
    assert str(log) in line


def test_without_a_writable_folder_there_is_a_line_but_no_log(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    monkeypatch.setattr(cli, "app", lambda **_: pipeline.stage_function("none"))
    status, line = run_command("ingest")
    assert status == 1
    assert line.endswith("its log could not be written; report it with this line\n")


FRAMES = "use a whole number from 0 to 2,147,483,647"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["new", "x", "--source", ""], "'--source' is ''; use a text of 1 to 4,096 letters"),
        (["new", "x", "--source", "x" * 5000], "'--source' is 'xxx"),
        (["new", "x", "--source", "a.mov", "--reference", ""], "'--reference' is ''; use a text"),
        (["merge", "", "", "--out", "x"], "'ORIGINAL' is ''; use a text of 1 to"),
        (["merge", "a", "", "--out", "x"], "'RECOVERED' is ''; use a text of 1 to"),
        (["merge", "a", "b", "--out", "x", "--first", "-1"], f"'--first' is -1; {FRAMES}"),
        (["merge", "a", "b", "--out", "x", "--last", "9" * 20], f"9; {FRAMES}"),
        (
            ["merge", "a", "b", "--out", "x", "--first", "5", "--last", "1"],
            "'--first' is 5 and '--last' is 1, which is before it; change one",
        ),
        (["pairs", "add", "x", "1", "5", "--colorspace", "ACEScg"], "'--colorspace' is of a pic"),
        (["merge", "a", "b", "--out", "x", "--colorspace", ""], "'--colorspace' is ''; use"),
        (
            ["merge", "a", "b", "--out", "x", "--recovered-colorspace", ""],
            "'--recovered-colorspace' is ''; use a text",
        ),
        (["pairs", "add", "x", "1001", "9" * 20], f"'REFERENCE' is 99999999999999999999; {FRAMES}"),
        (["pairs", "add", "x", "1001", "9" * 5000], "is not there; name a picture, or a frame"),
        (["pairs", "add", "x", "--", "-1", "5"], f"'SOURCE' is -1; {FRAMES}"),
        (["pairs", "add", "x", "1001", "5", "--of", ""], "'--of' is ''; use a text"),
        (["demo", "/dev/null"], "unfade: /dev/null: is a file; name a folder"),
        (["demo", "/dev/null/x"], "unfade: /dev/null: is a file; name a folder"),
        (["new", "/dev/null", "--source", "x"], "unfade: /dev/null: is a file; name a folder"),
        (["merge", "a", "b", "--out", "/dev/null"], "unfade: /dev/null: is a file; name a folder"),
        (["new", "", "--source", "x"], "the name of a folder is empty; name one, or '.'"),
        (["demo", ""], "the name of a folder is empty"),
        (["merge", "a", "b", "--out", ""], "the name of a folder is empty"),
        (["run", ""], "the name of a folder is empty"),
    ],
)
def test_an_invalid_value_is_named_by_its_option(
    tmp_path: Path,
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, line = run_command(*arguments)
    assert expected in line
    assert (status, line.count("\n")) == (2, 1)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_file_name_can_be_printed(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    stored = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stored, encoding=encoding))
    escape_unencodable()
    name = os.fsdecode(b"r\xffel") + " \u30ad\u30e3\u30f3 [b] :smile: [/]"
    print(name)
    terminal().print(name)
    sys.stdout.flush()
    line = stored.getvalue().decode(encoding)
    assert line.count("[b] :smile: [/]") == 2
    assert line.count("r\\udcffel") == 2


def test_ctrl_c_while_a_module_is_compiled_has_the_same_exit_status(tmp_path: Path) -> None:
    """Python remembers that Ctrl-C left a compilation, even if it is caught."""
    (tmp_path / "interrupted.py").write_text(
        "import contextlib\n"
        "from unfade.commands import app\n"
        "with contextlib.suppress(KeyboardInterrupt):\n"
        "    exec('raise KeyboardInterrupt')\n"
        "def interrupted(**_):\n"
        "    raise KeyboardInterrupt\n"
        "app.app = interrupted\n"
        "app.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "unfade: stopped\n")


def test_ctrl_c_that_a_library_turns_into_its_own_error_is_no_defect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Those who start the tests in the background let them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def import_library() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise ImportError("initialization failed")

    with pytest.raises(SystemExit) as caught, FailureReporter(["run"]):
        import_library()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "unfade: stopped; the same command goes on from here\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_an_error_without_ctrl_c_or_long_after_it_stays_a_defect(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    is_interrupted: bool,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def fail() -> None:
        if is_interrupted:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            now_s = time.monotonic()
            monkeypatch.setattr("time.monotonic", lambda: now_s + 2 * CONVERSION_S)
        raise ImportError("initialization failed")

    with pytest.raises(SystemExit) as caught, FailureReporter(["run"]):
        fail()
    signal.signal(signal.SIGINT, before)
    assert caught.value.code == 1
    assert "this is a defect of Unfade" in capsys.readouterr().err
