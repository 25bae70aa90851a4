"""Help, version and status start fast, because they import no heavy package."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from unfade import media

HEAVY = {
    "PyOpenColorIO",
    "OpenImageIO",
    "av",
    "bagit",
    "cv2",
    "jinja2",
    "numpy",
    "safetensors",
    "scenedetect",
    "scipy",
    "tomlkit",
    "torch",
}
"""Packages that take long to import."""

PROGRAM = """
import sys
from unfade.commands import app
sys.argv = ["unfade", *sys.argv[1:]]
try:
    app.main()
finally:
    print(*(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def packages_imported_by(*arguments: str) -> set[str]:
    """The top-level packages and modules that a command line has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    return {*done.stderr.split()}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_main_help_does_not_import_pydantic(argument: str) -> None:
    imported = packages_imported_by(argument)
    assert "typer" in imported
    assert not imported & (HEAVY | {"pydantic"})


@pytest.mark.parametrize(
    "verb", ["run", "new", "status", "demo", "merge", "align", "pairs", "export-job"]
)
def test_the_help_of_a_verb_imports_no_heavy_package(verb: str) -> None:
    assert not packages_imported_by(verb, "--help") & HEAVY


def test_status_imports_no_heavy_package(tmp_path: Path) -> None:
    path = tmp_path / "film.toml"
    path.write_text('[film]\ntitle = "x"\n[source]\npath = "x"\n')
    imported = packages_imported_by("status", str(path))
    assert "pydantic" in imported
    assert not imported & HEAVY


def test_a_new_project_is_probed_without_torch(tmp_path: Path) -> None:
    for frame in range(3):
        media.write_png(tmp_path / f"scan.{frame:04d}.png", torch.full((3, 64, 96), 0.5))
    path = tmp_path / "dvd.mkv"
    with media.MovieWriter(path, codec="ffv1", width=96, height=64, rate=Fraction(25)) as movie:
        for _ in range(3):
            movie.write(torch.full((3, 64, 96), 0.5))
    arguments = ["--source", str(tmp_path / "scan.%04d.png"), "--reference", str(path)]
    imported = packages_imported_by("new", str(tmp_path / "reel"), *arguments)
    assert {"av", "OpenImageIO"} <= imported
    assert not imported & {"torch", "scipy", "scenedetect", "jinja2", "safetensors"}


def test_the_python_interface_imports_no_pictures_until_it_needs_them() -> None:
    program = "import sys, unfade; unfade.open, unfade.UnfadeError; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "unfade.api" in done.stdout.split()
    assert not {*done.stdout.split()} & HEAVY
