""".ci/run and the tests of the pages: a browser is found or installed, or they fail."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ..browser import NEEDED, find_browser

SCRIPT = Path(__file__).parents[2] / ".ci/run"

MAKE = """\
echo "$1" >> made
if [ "$1" = test ]; then echo "$UNFADE_NEEDS_BROWSER $(command -v chromium)" >> made; fi
"""
INSTALLS = """\
if [ "$2" = playwright ]; then touch asked; else echo "$PWD/downloaded"; fi
"""


class Checkout:
    """A folder with .ci/run, where `make` and Python do what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".ci").mkdir()
        shutil.copy(SCRIPT, folder / ".ci/run")
        for tool in ("bash", "dirname", "ln", "touch"):
            (folder / "tools").mkdir(exist_ok=True)
            (folder / "tools" / tool).symlink_to(str(shutil.which(tool)))
        self.write("tools/make", MAKE)

    def write(self, name: str, script: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}")
        path.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder / "tools")}
        command = [str(shutil.which("bash")), ".ci/run"]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def made(self) -> list[str]:
        return (self.folder / "made").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_browser_that_is_there_is_used(checkout: Checkout) -> None:
    checkout.write("tools/chromium", "exit 0")
    checkout.write(".venv/bin/python", "touch asked")
    assert checkout.run().returncode == 0
    browser = checkout.folder / "tools/chromium"
    assert checkout.made() == [".venv/ready", "test", f"1 {browser}", "check"]
    assert not (checkout.folder / "asked").exists()


def test_a_browser_is_installed_where_none_is(checkout: Checkout) -> None:
    checkout.write("downloaded", "exit 0")
    checkout.write(".venv/bin/python", INSTALLS)
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    browser = checkout.folder / ".venv/bin/chromium"
    assert checkout.made() == [".venv/ready", "test", f"1 {browser}", "check"]


@pytest.mark.parametrize("python", ["exit 1", INSTALLS])
def test_without_a_browser_nothing_is_tested(checkout: Checkout, python: str) -> None:
    """The download fails, or what was downloaded does not start."""
    checkout.write(".venv/bin/python", python)
    result = checkout.run()
    assert result.returncode == 1
    assert result.stderr.endswith(
        ".ci/run: no browser is found, and Chromium could not be installed; install it\n"
    )
    assert checkout.made() == [".venv/ready"]


@pytest.mark.parametrize(
    ("needed", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_without_a_browser_tests_are_skipped_and_fail_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, needed: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv(NEEDED, needed)
    with pytest.raises(outcome, match="PATH has chromium"):
        find_browser()
