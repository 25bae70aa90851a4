"""The verb that writes a film as a job for render managers."""

from typing import Annotated

import typer

from unfade.commands.console import tell
from unfade.commands.parameters import NewFolder, ProjectFile


def export_job(
    project_file: ProjectFile,
    folder: NewFolder,
    frames_a_task: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Frames of a task; 100 if left out.")
    ] = None,
) -> None:
    """Write the film as a job of Open Job Description, for render managers."""
    from unfade.cluster.export_job import export_job as export
    from unfade.film.wording import counted
    from unfade.project.file import load_project
    from unfade.work.job import Job
    from unfade.work.progress import SilentProgress

    path = project_file.absolute()
    job = Job(load_project(project_file), path.parent, SilentProgress())
    tasks = export(job, path, folder, frames_a_task)
    tell(f"{folder}: written; {counted(tasks, 'task')} to render")
