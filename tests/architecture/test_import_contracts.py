"""The import contracts hold, and each of them fails when it is broken on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.path.insert(0, {str(folder / 'src')!r}); "
        "from importlinter.cli import lint_imports; "
        f"sys.exit(lint_imports(config_filename={str(folder / 'pyproject.toml')!r}, "
        "no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


def copy_of_package(folder: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src/unfade", folder / "src/unfade", ignore=ignored)
    return folder


def test_the_contracts_hold(tmp_path: Path) -> None:
    result = check(copy_of_package(tmp_path))
    assert result.returncode == 0, result.stdout


def test_a_stage_that_imports_another_breaks_the_contracts(tmp_path: Path) -> None:
    folder = copy_of_package(tmp_path)
    with (folder / "src/unfade/render/recover.py").open("a") as module:
        module.write("\nimport unfade.train.fit.loop\n")
    result = check(folder)
    assert result.returncode != 0
    assert "unfade.render.recover" in result.stdout


def test_pure_mathematics_that_opens_files_breaks_the_contracts(tmp_path: Path) -> None:
    folder = copy_of_package(tmp_path)
    with (folder / "src/unfade/color/ycbcr.py").open("a") as module:
        module.write("\nfrom unfade import media\n")
    assert check(folder).returncode != 0


def test_a_module_of_a_stage_that_opens_files_breaks_the_contracts(tmp_path: Path) -> None:
    folder = copy_of_package(tmp_path)
    with (folder / "src/unfade/train/fit/loop.py").open("a") as module:
        module.write("\nfrom unfade import media\n")
    result = check(folder)
    assert result.returncode != 0
    assert "unfade.train.fit.loop" in result.stdout
