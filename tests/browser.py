"""Where the tests of the pages find a browser."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""Commands that start Chromium or Chrome."""

NEEDED = "UNFADE_NEEDS_BROWSER"
"""The environment variable by which .ci/run says that these tests must not be skipped."""


def find_browser() -> str:
    """The path of Chromium or Chrome. Without one the test is skipped, and fails in .ci/run."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    sentence = f"no browser is found; install one, so that PATH has {' or '.join(NAMES)}"
    if os.environ.get(NEEDED):
        pytest.fail(sentence)
    pytest.skip(sentence)
