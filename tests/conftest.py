"""Settings of all tests: one thread each, no deadlines, shared folders removed at the end.

Small tensors gain nothing from more threads, and parallel tests would slow each other down.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

settings.register_profile("no test is timed", deadline=None)
settings.load_profile("no test is timed")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all tests of a module, removed after the last of them to save disk space."""
    folder = tmp_path_factory.mktemp("shared")
    yield folder
    shutil.rmtree(folder)
