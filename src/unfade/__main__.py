"""``python -m unfade`` is the command ``unfade``."""

from unfade.commands.app import main

main()
