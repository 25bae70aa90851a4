"""Artefacts of earlier versions, as those versions wrote them: upgraded, or named with what to run.

The files of `earlier/` come from runs of the last commits before a schema changed, on the film of
`benchmarks/fault_film.py`.
"""

import shutil
from pathlib import Path

import pytest

from unfade.errors import WorkError
from unfade.film.clip import Clips
from unfade.film.delivery import Delivery
from unfade.film.model import TrainedModel
from unfade.film.noun import Artefact
from unfade.film.provenance import Provenance
from unfade.film.rendering import Rendering
from unfade.film.target import Targets
from unfade.film.upgrades import UPGRADES
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import Receipt

EARLIER = Path(__file__).parent / "earlier"
KINDS: tuple[type[Artefact], ...] = (
    Clips,
    Delivery,
    Provenance,
    Receipt,
    Rendering,
    Targets,
    TrainedModel,
)


def earlier(schema: str) -> str:
    return (EARLIER / f"{schema}.json").read_text(encoding="utf-8")


def kind_of(schema: str) -> type[Artefact]:
    return next(kind for kind in KINDS if kind.SCHEMA.split(".")[0] == schema.split(".")[0])


@pytest.mark.parametrize("schema", UPGRADES)
def test_an_artefact_of_an_earlier_version_is_upgraded(schema: str) -> None:
    kind = kind_of(schema)
    read = kind.from_json(earlier(schema))
    assert f'"schema": "{kind.SCHEMA}"' in read.to_json()
    assert kind.from_json(read.to_json()) == read


def test_what_an_earlier_version_knew_stays() -> None:
    clips = Clips.from_json(earlier("Clips.2"))
    assert (clips.source.path, len(clips.source.frames)) == ("scan/s.%04d.exr", 6)
    assert not clips.source.damage
    targets = Targets.from_json(earlier("Targets.2"))
    assert [one.pair.source for one in targets.targets] == [2, 4]
    assert targets.between is None
    model = TrainedModel.from_json(earlier("TrainedModel.2"))
    assert model.train_frames == (2,)
    assert model.methods.of(1).method == "networks"
    assert Delivery.from_json(earlier("Delivery.1")).decision is None
    people = Provenance.from_json(earlier("Provenance.1")).people
    assert (people.dismissals, people.bookmarks) == ((), ())
    pairs = Provenance.from_json(earlier("Provenance.2")).pairs
    assert [(one.source.frame, one.focal_points) for one in pairs] == [(2, ()), (4, ())]
    outputs = Receipt.from_json(earlier("Receipt.2")).outputs
    assert [*zip(outputs.names, outputs.sizes, strict=True)][-1] == ("sheet-000004.png", 903_713)
    assert outputs.sha256.keys() == {"loss.json", "model.json"}


@pytest.mark.parametrize(
    ("schema", "stage"), [("Rendering.1", "render"), ("TrainedModel.1", "train")]
)
def test_what_cannot_be_upgraded_is_named_with_what_to_run(
    schema: str, stage: str, tmp_path: Path
) -> None:
    kind = kind_of(schema)
    path = tmp_path / kind.PATH
    path.parent.mkdir()
    shutil.copy(EARLIER / f"{schema}.json", path)
    job = Job(
        Project.model_validate({"film": {"title": "x"}, "source": {"path": "s"}}),
        tmp_path,
        SilentProgress(),
    )
    expected = rf"of another version of Unfade \(holds {schema}, .*; run 'unfade {stage}' again"
    with pytest.raises(WorkError, match=expected):
        job.load(kind)


def test_an_upgrade_of_a_damaged_artefact_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"Provenance\.3 needs is missing \('people'\)"):
        Provenance.from_json('{"schema": "Provenance.1"}')
