"""``python -m unfade`` is the command ``unfade``."""

from unfade.cli import main

main()
