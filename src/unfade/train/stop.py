"""A person's wish to end training early, in a file of the stage that is looked at after every
checkpoint."""

from unfade.errors import WorkError
from unfade.film.model import TrainingStop
from unfade.work.job import Job


def forget_other_stops(job: Job, key: str) -> None:
    """Removes a wish that was for another training: of another key, or not met while it worked."""
    stop = _read(job)
    if stop is None or stop.key != key:
        (job.root / TrainingStop.PATH).unlink(missing_ok=True)


def ends_at(job: Job, step: int, key: str) -> bool:
    """Whether a person ends the training `key` at a checkpoint; a new wish is put on record."""
    stop = _read(job)
    if stop is None:
        return False
    total = job.project.train.steps
    if stop.key is None:
        if step >= total:
            return False
        job.save(TrainingStop(key=key, step=step))
        job.progress.say(
            f"training ends at step {step:,} of {total:,}, as a person asked, and keeps the best "
            f"checkpoint so far; to train on, remove {TrainingStop.PATH} and run again"
        )
        return True
    return stop.key == key and stop.step is not None and step >= stop.step


def is_stopped(job: Job, key: str) -> bool:
    """Whether a person has ended the training `key`."""
    stop = _read(job)
    return stop is not None and stop.key == key


def _read(job: Job) -> TrainingStop | None:
    """The wish in the folder of the stage; None without one, or if it is damaged."""
    try:
        return job.load_if_made(TrainingStop)
    except WorkError:
        return None
