"""The stages of a film: their names, their order, their tasks and their folders.

This module imports nothing, so that the help of the command line starts fast.
"""

STAGE_TASKS = {
    "ingest": "Probe and conform",
    "curate": "Find shots, choose pairs",
    "align": "Lay references on the source",
    "target": "Build ground truth",
    "train": "Train the film's model",
    "render": "Write the masters",
    "validate": "Measure on held-out frames",
    "deliver": "Pack masters and record",
}
"""What each stage does, by its name, in the order of the pipeline."""

STAGE_NAMES = tuple(STAGE_TASKS)


def folder_name(stage: str) -> str:
    """The name of a stage's folder: ``"03-align"`` for ``"align"``."""
    return f"{STAGE_NAMES.index(stage) + 1:02d}-{stage}"
