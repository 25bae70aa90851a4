"""Unfade gives faded colour film its colour back, from a better-coloured copy.

The names of `__all__` are those of `unfade.api`, which is imported when one is first used.
So is `unfade.errors`.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unfade import errors as errors
    from unfade.api import Film, Model, Progress, StageStatus, UnfadeError, load_model, open

__version__ = "0.1.0"

__all__ = [
    "Film",
    "Model",
    "Progress",
    "StageStatus",
    "UnfadeError",
    "__version__",
    "load_model",
    "open",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "errors":
            return importlib.import_module("unfade.errors")
        if name not in __all__:
            raise AttributeError(f"module 'unfade' has no attribute '{name}'")
        from unfade import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, "errors"})
