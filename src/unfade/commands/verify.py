"""The verb that checks a delivery."""

from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.console import progress, tell
from unfade.commands.parameters import Quiet
from unfade.project.paths import folder_path


def verify(
    delivery: Annotated[
        Path,
        typer.Argument(
            parser=folder_path, metavar="DELIVERY", help="The folder of a bag, in 08-deliver."
        ),
    ],
    original: Annotated[
        str | None,
        typer.Option(help="The scan, to compare the luma of every master with."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check every file of a delivery, and the luma of its masters."""
    from unfade.film.wording import counted
    from unfade.pipeline.verify import verify as check

    with progress(quiet) as display:
        verified = check(delivery, original, display)
    tell(f"{delivery}: {counted(verified.files, 'file')}, each as it was delivered")
    if verified.compared:
        tell(f"  {counted(verified.compared, 'master')}, each with the luma of the original")
    for words in verified.signatures:
        tell(f"  {words}")
    tell(f"  {verified.decision}")
