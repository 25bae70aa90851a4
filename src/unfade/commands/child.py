"""``python -m unfade.commands.child`` is the command ``unfade``; at the end it writes the line
``{"ended": STATUS}``, which tells its exit status to a program that has not started it."""

import json
import os
from contextlib import suppress

from unfade.commands.app import main


def _write_status(status: object) -> None:
    """Writes without a buffer, because one that a full disk refuses would fail again at exit."""
    with suppress(OSError):
        os.write(1, f"\n{json.dumps({'ended': status})}\n".encode())


if __name__ == "__main__":
    main(at_end=_write_status)
