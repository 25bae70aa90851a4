"""A finished film of any length without its pictures, for `scale.py --records`.

The small film of `fault_film.py` passes through all stages. Its files then become those of a long
film by hard links, and its artefacts are written for as many frames, shots and pairs as a feature
has, by the classes that the stages write them with. Receipts and bag are made by the project's own
code.
"""

import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from fault_film import FILM, make_film, run

from unfade.deliver import stage as deliver
from unfade.film.alignment import Alignment, Alignments, SmoothWarp, weight_file
from unfade.film.cadence import Cadence
from unfade.film.clip import SOURCE_PROXY, Clips, reference_proxy
from unfade.film.match import MatchRecord, ReferenceMatches
from unfade.film.method import Methods
from unfade.film.model import TrainedModel
from unfade.film.naming import master_name
from unfade.film.noun import Artefact
from unfade.film.pair import Pair, PairList, PairRole
from unfade.film.rendering import PredictedError, RenderedFrame, Rendering
from unfade.film.shot import Shot
from unfade.film.stage_names import folder_name
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrame, UsedFrames, UsedPair
from unfade.pipeline.freshness import ElementCache, inputs, outputs, settings
from unfade.pipeline.stages import STAGES, Stage
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import Cost, Receipt
from unfade.work.software import software_versions
from unfade.work.writing import write_text

AnArtefact = TypeVar("AnArtefact", bound=Artefact)

PAIR_PLACES: dict[PairRole, tuple[float, ...]] = {
    "train": (0.25, 0.75),
    "holdout": (0.5,),
    "test": (0.6,),
}
"""Places of the pairs of a shot in it, 0 to 1, by their role: as many as curate chooses."""

CARRIED_FRAMES = 17
"""Frames of a shot to which colour is carried, as in the demo film."""

WARP_NODES = (10, 8)
"""Nodes of a smooth warp across and down, as of a 4:3 picture."""

SHOTS_A_SCENE = 6
"""Shots that return to the same set-ups, as in a dialogue."""

PROXY_SHAPE = (96, 128, 3)
"""Height, width and channels of a frame of a proxy of 4:3."""


def feature_job(folder: Path) -> Job:
    """The job of a film."""
    return Job(load_project(folder / "film.toml"), folder, SilentProgress())


def make_feature(folder: Path, frames: int, shots: int) -> None:
    """Makes a finished film in a folder that does not exist.

    Args:
        folder: of the film; the small film lies beside it while it is used.
        frames: number of frames.
        shots: number of shots; each needs at least 24 frames.
    """
    small = folder.with_name(f"{folder.name}-small")
    make_film(small)
    outcome = run(small)
    if outcome.status:
        raise RuntimeError(f"the small film failed: {outcome.said}")
    _Feature(small, folder, frames, shots).make()
    shutil.rmtree(small)


@dataclass(frozen=True)
class _Feature:
    """A film of `count` frames and `shot_count` shots, made from a small finished one."""

    small: Path
    folder: Path
    count: int
    shot_count: int

    def make(self) -> None:
        self._link_elements()
        for write in (self._ingest, self._curate, self._align, self._target, self._train):
            write()
        self._render()
        self._validate()
        for stage in STAGES[:-1]:
            self._receipt(stage)
        deliver.run(self.job)
        self._receipt(STAGES[-1])
        self.job.save_digests()

    @cached_property
    def job(self) -> Job:
        return feature_job(self.folder)

    @cached_property
    def elements(self) -> ElementCache:
        return ElementCache(self.job)

    @cached_property
    def shots(self) -> tuple[Shot, ...]:
        """Shots of nearly equal length."""
        ends = np.linspace(0, self.count, self.shot_count + 1).round().astype(int).tolist()
        return tuple(
            Shot(number=number, frames=FrameRange(first=start + 1, last=end))
            for number, (start, end) in enumerate(itertools.pairwise(ends), start=1)
        )

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Pairs of the machine, in order of their source frames."""
        made = [
            Pair(
                source=source,
                reference=source - 1,
                of="dvd",
                shot=shot.number,
                role=role,
                similarity=0.97,
            )
            for shot in self.shots
            for role, places in PAIR_PLACES.items()
            for source in (shot.frames.first + int(len(shot.frames) * at) for at in places)
        ]
        return tuple(sorted(made, key=lambda pair: pair.source))

    def _small(self, kind: type[AnArtefact]) -> AnArtefact:
        return feature_job(self.small).load(kind)

    def _link_elements(self) -> None:
        (self.folder / "scan").mkdir(parents=True)
        (self.folder / "painted").mkdir()
        text = FILM.replace("s.%04d", "s.%06d").replace("dvd/d.%04d.exr", "dvd.mkv")
        text = text.replace('movie = "h264"', 'movie = "none"')
        (self.folder / "film.toml").write_text(text, encoding="utf-8")
        (self.folder / "dvd.mkv").write_bytes(b"in the place of a movie")
        os.link(self.small / "painted/2.exr", self.folder / "painted/2.exr")
        names = [f"scan/s.{frame:06d}.exr" for frame in range(1, self.count + 1)]
        self._link("scan/*.exr", names)

    def _link(self, originals: str, names: Sequence[str]) -> None:
        """Links files to those of the small film that a pattern matches, in turn."""
        sources = sorted(self.small.glob(originals))
        for name, source in zip(names, itertools.cycle(sources), strict=False):
            os.link(source, self.folder / name)

    def _stage(self, name: str, *patterns: str) -> str:
        """Makes the folder of a stage, with files of the small film as they are."""
        folder = folder_name(name)
        (self.folder / folder).mkdir()
        for pattern in patterns:
            for path in (self.small / folder).glob(pattern):
                os.link(path, self.folder / folder / path.name)
        return folder

    def _ingest(self) -> None:
        self._stage("ingest", "*.png")
        clips = self._small(Clips)
        source = {"path": "scan/s.%06d.exr", "frames": FrameRange(first=1, last=self.count)}
        reference = {
            "path": "dvd.mkv",
            "kind": "movie",
            "frames": FrameRange(first=0, last=self.count - 1),
            "cadence": Cadence(weave="s" * self.count, repeats="." * self.count),
        }
        dvd = clips.references["dvd"].model_copy(update=reference)
        self.job.save(Clips(source=clips.source.model_copy(update=source), references={"dvd": dvd}))
        for path in (SOURCE_PROXY, reference_proxy("dvd")):
            # Sparse: the file takes no space until it is written to.
            shape = (self.count, *PROXY_SHAPE)
            np.lib.format.open_memmap(self.folder / path, "w+", np.uint8, shape)

    def _curate(self) -> None:
        folder = self._stage("curate", "balance.*")
        pages = [f"{folder}/pairs-{page:03d}.png" for page in range(1, self.shot_count // 12 + 2)]
        self._link(f"{folder}/pairs.png", pages)
        scenes = tuple(1 + index // SHOTS_A_SCENE for index in range(len(self.shots)))
        alternates = tuple(
            pair.model_copy(update={"source": pair.source + 2, "reference": pair.source + 1})
            for pair in self.pairs
        )
        self.job.save(
            PairList(shots=self.shots, pairs=self.pairs, scenes=scenes, alternates=alternates)
        )
        draws = np.random.default_rng(0)
        similarity, lag = draws.uniform(0.9, 1, self.count), draws.normal(0, 0.1, self.count)
        matches = ReferenceMatches(
            reference=tuple(range(self.count)),
            similarity=tuple(similarity.round(4).tolist()),
            lag=tuple(lag.round(3).tolist()),
            detail=0.61,
        )
        self.job.save(
            MatchRecord(
                frames=FrameRange(first=1, last=self.count),
                references={"dvd": matches},
                of=("dvd",) * self.count,
                state=("free",) * self.count,
            )
        )

    def _align(self) -> None:
        folder = self._stage("align", "crop.png")
        self._link(f"{folder}/weight-*.exr", [weight_file(pair.source) for pair in self.pairs])
        sheets = [f"{folder}/{pair.source:06d}.png" for pair in self.pairs]
        self._link(f"{folder}/00*.png", sheets)
        small = self._small(Alignments)
        draws = np.random.default_rng(0)
        across, down = WARP_NODES
        admitted = []
        for pair in self.pairs:
            x, y = draws.normal(0, 0.3, (2, down, across)).round(3).tolist()
            warp = SmoothWarp(x=x, y=y)
            admitted.append(
                Alignment(
                    pair=pair,
                    kind="affine",
                    matrix=((1.01, 0.002, 3.1), (-0.002, 1.01, 2.7), (0.0, 0.0, 1.0)),
                    warp=warp,
                    residual=0.11,
                    residual_p95=0.3,
                    inliers=412,
                    coverage=small.crop,
                )
            )
        self.job.save(Alignments(crop=small.crop, admitted=tuple(admitted)))

    def _carried(self) -> Iterator[tuple[int, int]]:
        """Frames to which colour is carried, with their shots."""
        for shot in self.shots:
            paired = {pair.source - shot.frames.first for pair in self._pairs_of(shot)}
            free = [index for index in range(len(shot.frames)) if index not in paired]
            for index in free[:: max(1, len(free) // CARRIED_FRAMES)][:CARRIED_FRAMES]:
                yield shot.frames.first + index, shot.number

    def _pairs_of(self, shot: Shot) -> tuple[Pair, ...]:
        count = sum(map(len, PAIR_PLACES.values()))
        return self.pairs[(shot.number - 1) * count : shot.number * count]

    def _target(self) -> None:
        folder = self._stage("target", "truth.png")
        targets = []
        for pair in self.pairs:
            names = [f"{part}.{pair.source:07d}.exr" for part in ("source", "truth", "weight")]
            targets.append(
                Target(pair=pair, sha256="0" * 64, **dict(zip(_TARGET_PARTS, names, strict=True)))
            )
        for part in _TARGET_PARTS:
            names = [f"{folder}/{part}.{pair.source:07d}.exr" for pair in self.pairs]
            self._link(f"{folder}/{part}.*.exr", names)
        between = tuple(
            UnpairedFrame(
                frame=frame, shot=shot, source=f"between.{frame:07d}.exr", sha256="0" * 64
            )
            for frame, shot in self._carried()
        )
        names = [f"{folder}/{one.source}" for one in between]
        self._link(f"{folder}/source.*.exr", names)
        self.job.save(
            UsedFrames(
                pairs=tuple(
                    UsedPair(source=self._used(pair.source), reference=self._used(pair.source))
                    for pair in self.pairs
                ),
                between=tuple(self._used(one.frame) for one in between),
            )
        )
        self.job.save(Targets(targets=tuple(targets), luma_parity=0.0, between=between))

    def _used(self, frame: int) -> UsedFrame:
        name = f"s.{frame:06d}.exr"
        return UsedFrame(frame=frame, file=name, sha256="0" * 64, checksum_of="file")

    def _train(self) -> None:
        self._stage("train", "*.png", "*.safetensors", "loss.json")
        small = self._small(TrainedModel)
        numbers = [shot.number for shot in self.shots]
        methods = Methods(
            film=small.methods.film,
            shots=tuple(
                small.methods.shots[0].model_copy(update={"shot": number}) for number in numbers
            ),
        )
        own = {
            "methods": methods,
            "train_frames": tuple(one.source for one in self.pairs if one.role == "train"),
            "holdout_frames": tuple(one.source for one in self.pairs if one.role == "holdout"),
            "carried_frames": tuple(frame for frame, _ in self._carried()),
            "carried_colour": tuple(
                small.carried_colour[0].model_copy(update={"shot": number}) for number in numbers
            ),
        }
        self.job.save(small.model_copy(update=own))

    def _render(self) -> None:
        folder = self._stage("render", "render-key.json")
        small = self._small(Rendering)
        title, means = "Faults", np.random.default_rng(0).uniform(0.5, 2.5, self.count).round(3)
        frames = []
        masters = itertools.cycle(small.frames)
        for shot in self.shots:
            for frame in shot.frames.frames():
                master, mean = next(masters), float(means[frame - 1])
                file = master_name(title, shot, small.version, small.model_id, frame)
                error = PredictedError(mean=mean, p95=round(2.1 * mean, 3), beyond=0.02)
                own = {"frame": frame, "shot": shot.number, "file": file}
                frames.append(RenderedFrame(sha256=master.sha256, predicted_error=error, **own))
                # Copies: each master has an inode of its own, which its link in the bag shares.
                shutil.copyfile(self.small / folder / master.file, self.folder / folder / file)
        self.job.save(small.model_copy(update={"frames": tuple(frames)}))

    def _validate(self) -> None:
        self._stage("validate", "*.png", "report.*")

    def _receipt(self, stage: Stage) -> None:
        receipt = Receipt(
            stage=stage.name,
            revision=stage.revision,
            settings=settings(stage, self.job.project),
            inputs=inputs(stage, self.job, self.elements),
            outputs=outputs(stage, self.job),
            versions=software_versions(),
            cost=Cost(wall_s=1.0, cpu_s=1.0),
        )
        write_text(self.folder / folder_name(stage.name) / Receipt.PATH, receipt.to_json())


_TARGET_PARTS = ("source", "truth", "weight")
"""Pictures of a target, by the names of its fields."""
