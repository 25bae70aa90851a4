"""One thread a test: small tensors gain nothing from more, and a busy machine loses much.

And little disk: what a test wrote goes when it passes, what a module's tests share goes with them.
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
    """A folder for all tests of one module."""
    folder = tmp_path_factory.mktemp("shared")
    yield folder
    shutil.rmtree(folder)
