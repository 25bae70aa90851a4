"""A studio for all tests of a module."""

from collections.abc import Iterator

import pytest

from .running import RunningStudio, running_studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A studio on an empty folder."""
    with running_studio(tmp_path_factory.mktemp("films")) as running:
        yield running
