"""Delivered settings name files without their folders."""

from unfade.deliver.shared_records import settings_to_share
from unfade.project.settings import Project


def test_the_start_model_has_no_folder() -> None:
    project = Project.model_validate(
        {
            "film": {"title": "Reel"},
            "source": {"path": "/home/somebody/scan.mov"},
            "reference": {"path": "/home/somebody/dvd.mkv"},
            "train": {"start_from": "/home/somebody/old/model.safetensors", "steps": 7},
        }
    )
    shared = settings_to_share(project, {})
    assert shared.train.start_from == "model.safetensors"
    assert shared.train.steps == 7
    assert "/home" not in shared.model_dump_json()
