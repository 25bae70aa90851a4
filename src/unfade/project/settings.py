"""What a project file, film.toml, says."""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from unfade.errors import ProjectError
from unfade.film.balance import Balance
from unfade.film.clip import Area, CodeRange, FieldOrder, Matrix, Orientation
from unfade.film.model import ModelSize
from unfade.film.naming import MAX_NAME_LENGTH, clip_name
from unfade.film.noun import Noun
from unfade.film.pair import PairKind, PairRole
from unfade.film.rendering import MasterFormat, MasterNaming
from unfade.film.time import FrameRange
from unfade.film.values import (
    TO_FILL_IN,
    FilePath,
    Flag,
    FrameNumber,
    Name,
    PixelAspect,
    Pixels,
    Rate,
    Remark,
    check_order,
)
from unfade.film.working_space import WORKING_SPACE

LEAST_LIVE_AREA = 64
"""Pixels a side below which no structure is left to match."""

GREATEST_SEED = 2**32 - 1
"""The greatest seed, because every generator of chance takes 32 bits."""

FilmTitle = Annotated[str, Field(min_length=1, max_length=100)]


class FilmSection(Noun):
    """[film]: what it is called.

    `ocio` is the OpenColorIO config of all colour space names, a file or ``ocio://...``. When
    absent it is what the environment variable OCIO names, else Unfade's own. `view` is a view of
    its Rec.1886 Rec.709 display, by which scene-linear and log pictures come into the working space
    and masters go out again; a view has no values above display white. When absent, they go
    through the working space's curve, and highlights keep their value.
    """

    title: FilmTitle
    ocio: FilePath | None = None
    view: Name | None = None


class ClipSection(Noun):
    """[source], and most of [reference]: where a clip is, what its file does not say by itself.

    `first` and `last` are frame numbers, both included. `live_area` is ``[x, y, width, height]``
    in pixels of the upright picture; found by itself when absent. `timecode` is of the first frame,
    "none" for none. `orientation` is what is done to the stored picture to show it, where the file
    says nothing of it or something wrong; `range` says the same of its codes, and `matrix` of the
    luma of a movie.
    """

    path: FilePath
    colorspace: Name = "auto"
    first: FrameNumber | None = None
    last: FrameNumber | None = None
    rate: Rate | None = None
    pixel_aspect: PixelAspect | None = None
    timecode: Name = "auto"
    fields: FieldOrder | Literal["auto"] = "auto"
    orientation: Orientation | Literal["auto"] = "auto"
    range: CodeRange | Literal["auto"] = "auto"
    matrix: Matrix | Literal["auto"] = "auto"
    live_area: tuple[Pixels, Pixels, Pixels, Pixels] | None = None

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for key, value in values.items():
                if value == TO_FILL_IN:
                    raise ValueError(
                        f"'{key}' is still \"{TO_FILL_IN}\"; fill in what is right, because the "
                        "files do not say it"
                    )
        return values

    @model_validator(mode="after")
    def _possible(self) -> "ClipSection":
        check_order(self.first, self.last)
        if self.live_area is not None:
            *_, width, height = self.live_area
            if min(width, height) < LEAST_LIVE_AREA:
                raise ValueError(
                    f"live_area {list(self.live_area)} is no [x, y, width, height] of at least "
                    f"{LEAST_LIVE_AREA} x {LEAST_LIVE_AREA} pixels"
                )
        return self

    def area(self) -> Area | None:
        """`live_area` as an `Area`."""
        if self.live_area is None:
            return None
        x, y, width, height = self.live_area
        return Area(x=x, y=y, width=width, height=height)


class ReferenceSection(ClipSection):
    """[reference], or one of several [[reference]]: a copy with good colour.

    `name` is what the record calls it; when absent it is that of its file.
    """

    name: Name

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_file(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(path := values.get("path"), str):
            return {"name": clip_name(path)} | values
        return values

    @model_validator(mode="after")
    def _nameable(self) -> "ReferenceSection":
        if not re.fullmatch(r"[\w-]+", self.name) or len(self.name) > MAX_NAME_LENGTH:
            raise ValueError(
                f"'{self.name}' is no name of a reference; use up to {MAX_NAME_LENGTH} letters, "
                "digits, '-' and '_'"
            )
        return self


class IngestSection(Noun):
    """[ingest]: `balance` is how the model sees the faded source; luma and masters never change.

    ``"auto"`` finds a neutral balance of the film, ``"none"`` takes the source as it is, and
    ``{ lift = [...], gamma = [...], gain = [...] }`` is for all shots, red, green and blue.
    """

    balance: Annotated[
        Annotated[Literal["auto", "none"], Tag("a word")] | Annotated[Balance, Tag("a grade")],
        Discriminator(lambda value: "a word" if isinstance(value, str) else "a grade"),
    ] = "auto"


class PairSection(Noun):
    """[[pair]]: a pair that a person fixes. `reference` is a frame number or a picture file.

    `of` is the name of the reference that the number is of, where there are several. `colorspace`
    is of a picture whose file says nothing of it or something wrong.
    """

    source: FrameNumber
    reference: FrameNumber | FilePath
    of: Name | None = None
    kind: PairKind = "direct"
    role: PairRole = "train"
    aligned: Flag = False
    colorspace: Name | None = None
    note: Remark = ""

    @model_validator(mode="after")
    def _of_a_picture(self) -> "PairSection":
        if self.colorspace is not None and isinstance(self.reference, int):
            raise ValueError(
                "'colorspace' is of a picture, but 'reference' is the number of a frame; take "
                "'colorspace' out"
            )
        return self


class CurateSection(Noun):
    """[curate]: how many pairs a shot gets, in frames; the guide uses 4 to 9.

    A shot whose light or colours change much gets more than `pairs_per_shot`, up to
    `most_per_shot`. Shots that go back to the same few set-ups are a scene, which gets
    `most_per_scene`, or one a set-up; the guide uses 12 to 24. `drop` names source frames that are
    never to be pairs.
    """

    pairs_per_shot: int = Field(default=4, ge=1, le=50, strict=True)
    most_per_shot: int = Field(default=9, ge=1, le=50, strict=True)
    most_per_scene: int = Field(default=24, ge=1, le=1000, strict=True)
    holdout_per_shot: int = Field(default=1, ge=0, le=50, strict=True)
    drop: tuple[FrameNumber, ...] = ()


class AlignSection(Noun):
    """[align]: `max_residual` is the largest median residual, in source pixels, of a good pair."""

    max_residual: float = Field(default=1.5, gt=0, le=100, strict=True)


class TargetSection(Noun):
    """[target]: what is learned from.

    - `median` is the width of the reference pre-filter in reference pixels, 0 is off.
    - `carry`: the colour of pairs is carried along motion to other frames of their shots, which are
      learned from too.
    """

    median: int = Field(default=3, ge=0, le=15, strict=True)
    carry: Flag = True


class TrainSection(Noun):
    """[train]: how the model learns; the defaults are meant for every film.

    - `size` of the networks.
    - `steps`: at most so many, each of `batch` pixels.
    - `checkpoint`: after so many steps the state is saved and the held-out error measured.
    - `early_stop`: training ends when so many checkpoints in a row were no better; 0 is never.
    - `contact_sheet`: after so many steps, and at the last, a checkpoint is drawn; 0 is never.
    - `learning_rate`: the highest, after a warm-up; it falls to zero along a cosine.
    - `start_from`: the file of an earlier model of this size, whose networks are where these
      start. The closed form is this film's all the same.
    - `shot_models`: shots get networks of their own where hold-out pairs say that it is clearly
      better.
    - `augment`: training pictures are shown again, a little moved, scaled, lighter or darker.
    - `seed`: decides all that is left to chance.
    """

    size: ModelSize = "medium"
    steps: int = Field(default=2500, ge=1, le=1_000_000, strict=True)
    batch: int = Field(default=8192, ge=64, le=2**20, strict=True)
    checkpoint: int = Field(default=500, ge=1, le=1_000_000, strict=True)
    early_stop: int = Field(default=3, ge=0, le=1_000_000, strict=True)
    contact_sheet: int = Field(default=500, ge=0, le=1_000_000, strict=True)
    learning_rate: float = Field(default=0.05, gt=0, le=10, strict=True)
    start_from: FilePath | None = None
    shot_models: Literal["auto", "off"] = "auto"
    augment: Flag = False
    seed: int = Field(default=0, ge=0, le=GREATEST_SEED, strict=True)


class RenderSection(Noun):
    """[render]: the masters.

    ``exr`` is of half floats, ``tiff`` of 16-bit integers, ``dpx`` of 10 or 16 `bits`: integers
    hold nothing outside 0 to 1. Their colour space is the working space unless it is named.
    ZIP is lossless and keeps the luma; DWAA is a fifth of the size and moves it a little.
    `dwa_level` is its level, 0 is best. `strict` makes EXR a container of SMPTE ST 2065-4, which
    is ACES2065-1 and not compressed. `naming` is "shot" for a sequence a shot, or "film" for one
    sequence without the shot in its name. `first` and `last` limit the frames.
    """

    format: MasterFormat = "exr"
    bits: Literal[10, 16] = 16
    colorspace: Name = "ACES2065-1"
    compression: Literal["zip", "dwaa", "none"] = "zip"
    dwa_level: float = Field(default=45.0, ge=0, le=100_000, strict=True)
    strict: Flag = False
    naming: MasterNaming = "shot"
    version: int = Field(default=1, ge=1, le=9999, strict=True)
    first: FrameNumber | None = None
    last: FrameNumber | None = None

    def wanted(self, frames: FrameRange) -> range:
        """The frames that are asked for of a scan that has `frames`.

        Raises:
            ProjectError: it has none of them.
        """
        first = frames.first if self.first is None else self.first
        last = frames.last if self.last is None else self.last
        if first > frames.last or last < frames.first:
            raise ProjectError(
                "film.toml: no frame of the scan lies between 'render.first' and 'render.last'; it "
                f"has the frames {frames.first} to {frames.last}"
            )
        return range(first, last + 1)

    @model_validator(mode="before")
    @classmethod
    def _as_the_format_has_it(cls, values: Any) -> Any:
        """The defaults that depend on other keys."""
        if not isinstance(values, dict):
            return values
        defaults: dict[str, Any] = {}
        if values.get("format", "exr") != "exr":
            defaults["colorspace"] = WORKING_SPACE
        if values.get("format") == "dpx" or values.get("strict") is True:
            defaults["compression"] = "none"
        return defaults | values

    @model_validator(mode="after")
    def _go_together(self) -> "RenderSection":
        check_order(self.first, self.last)
        if self.bits == 10 and self.format != "dpx":
            raise ValueError(f"{self.format} has 16 bits; take 'bits' out, or set format to 'dpx'")
        if self.strict and (self.format, self.compression) != ("exr", "none"):
            raise ValueError(
                "a strict ACES container is EXR and not compressed; take 'format' and "
                "'compression' out, or set strict to false"
            )
        fitting = {"exr": ("zip", "dwaa", "none"), "tiff": ("zip", "none"), "dpx": ("none",)}
        if self.compression not in fitting[self.format]:
            raise ValueError(
                f"{self.format} has no compression '{self.compression}'; use "
                + " or ".join(f"'{name}'" for name in fitting[self.format])
            )
        return self


class ValidateSection(Noun):
    """[validate]: the acceptance criteria.

    `max_of_baseline` is the largest held-out CIEDE2000, as a share of the LUT baseline's, that
    counts as a clear improvement.
    """

    max_of_baseline: float = Field(default=0.9, gt=0, le=100, strict=True)


class DeliverSection(Noun):
    """[deliver]: what the record says of the people, and the codec of the review movies."""

    institution: Annotated[str, Field(max_length=200)] = ""
    restorationist: Annotated[str, Field(max_length=200)] = ""
    note: Remark = ""
    movie: Literal["h264", "prores", "none"] = "h264"


class Project(Noun):
    """A whole project file."""

    film: FilmSection
    source: ClipSection
    reference: Annotated[
        tuple[ReferenceSection, ...],
        BeforeValidator(lambda value: (value,) if isinstance(value, dict) else value),
    ] = ()
    ingest: IngestSection = IngestSection()
    pair: tuple[PairSection, ...] = ()
    curate: CurateSection = CurateSection()
    align: AlignSection = AlignSection()
    target: TargetSection = TargetSection()
    train: TrainSection = TrainSection()
    render: RenderSection = RenderSection()
    validate_: ValidateSection = Field(default=ValidateSection(), alias="validate")
    deliver: DeliverSection = DeliverSection()

    def has_colour(self) -> bool:
        """Whether there is anything to take colour from."""
        return bool(self.reference or self.pair)

    @model_validator(mode="after")
    def _names_differ(self) -> "Project":
        names = [one.name.lower() for one in self.reference]
        for number, one in enumerate(self.reference):
            if one.name.lower() in names[:number]:
                raise ValueError(
                    f"two references are called '{one.name}'; give one of them another 'name'"
                )
        return self

    @model_validator(mode="after")
    def _pairs_fit(self) -> "Project":
        frames = [pair.source for pair in self.pair]
        for number, pair in enumerate(self.pair):
            self.reference_of(pair)
            if pair.source in frames[:number]:
                raise ValueError(
                    f"two [[pair]] entries name source frame {pair.source}; remove one"
                )
            if pair.source in self.curate.drop:
                raise ValueError(
                    f"source frame {pair.source} has a [[pair]] and is on 'curate.drop'; "
                    "leave one of them out"
                )
        return self

    def reference_of(self, pair: PairSection) -> str | None:
        """The name of the reference that a pair names a frame of; none for a picture.

        Raises:
            ValueError: there is no such reference, or it is not said which of several is meant.
        """
        names = [one.name for one in self.reference]
        who = f"the pair at source frame {pair.source}"
        if isinstance(pair.reference, str):
            if pair.of is not None:
                raise ValueError(f"{who} names a picture, which is 'of' no reference; take it out")
            return None
        what = f"{who} names reference frame {pair.reference}"
        if not names:
            raise ValueError(f"{what}, but there is no [reference]; add one")
        if pair.of is None and len(names) > 1:
            choice = " or ".join(f"'{name}'" for name in names)
            raise ValueError(f"{what}, but not of which reference; set its 'of' to {choice}")
        if pair.of is not None and pair.of not in names:
            (nearest,) = difflib.get_close_matches(pair.of, names, n=1, cutoff=0.0)
            raise ValueError(
                f"{what} of '{pair.of}', but there is no such reference; the nearest is '{nearest}'"
            )
        return pair.of or names[0]
