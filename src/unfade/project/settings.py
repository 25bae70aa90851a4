"""film.toml as nouns: its sections, and for each key its range, default, unit and meaning.

The reference of docs/film-toml.md is written from the fields. A field says in `description` what
its value is; `json_schema_extra` holds its "unit", the setting of the "guide", and in words what
is "allowed" and the "default_in_words" where the type does not show them.
"""

import difflib
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from unfade.film.balance import Balance, MeasuredBalance
from unfade.film.noun import Noun
from unfade.film.values import (
    FilePath,
    Flag,
    FrameNumber,
    MovieSize,
    Remark,
    Text,
    parse_movie_size,
)
from unfade.project.clip_settings import ClipSection, ReferenceSection, SourceSection
from unfade.project.film_settings import FilmSection
from unfade.project.pair_settings import PairSection
from unfade.project.render_settings import RenderSection
from unfade.project.train_settings import TrainSection

__all__ = [
    "AlignSection",
    "ClipSection",
    "CurateSection",
    "DeliverSection",
    "FilmSection",
    "IngestSection",
    "PairSection",
    "Project",
    "ReferenceSection",
    "RenderSection",
    "SourceSection",
    "TargetSection",
    "TrainSection",
    "ValidateSection",
]


class IngestSection(Noun):
    """[ingest]: the balance of the source in the eyes of the model."""

    balance: Annotated[
        Annotated[Literal["none"] | MeasuredBalance, Tag("a word")]
        | Annotated[Balance, Tag("a grade")],
        Discriminator(lambda value: "a word" if isinstance(value, str) else "a grade"),
    ] = Field(
        default="auto",
        description="Grade of the source before the model, for all shots: 'auto' measures a "
        "neutral one, 'dyes' undoes the losses of dyes that are estimated from the source alone, "
        "'none' takes the source as it is, a table gives lift, gamma and gain for red, green and "
        "blue. Luma and masters never change.",
        examples=[{"lift": [0, 0, 0], "gamma": [1, 1, 1], "gain": [1, 1.1, 1.2]}],
        json_schema_extra={
            "allowed": "'auto', 'dyes', 'none', or a table with lift, gamma and gain",
            "guide": "no grade; the four-way comparison balances by hand",
        },
    )


class CurateSection(Noun):
    """[curate]: the number of pairs that the machine chooses."""

    pairs_per_shot: int = Field(
        default=4,
        ge=1,
        le=50,
        strict=True,
        description="Number of training pairs for an ordinary shot.",
        json_schema_extra={
            "unit": "pairs",
            "guide": "4 to 9 a shot; 4, then 7, then 11 when retraining",
        },
    )
    most_per_shot: int = Field(
        default=9,
        ge=1,
        le=50,
        strict=True,
        description="Largest number of training pairs for a shot whose light or colours change "
        "much.",
        json_schema_extra={"unit": "pairs", "guide": "9 a shot; 11 when retraining"},
    )
    most_per_scene: int = Field(
        default=24,
        ge=1,
        le=1000,
        strict=True,
        description="Largest number of training pairs for a scene, a run of shots that return to "
        "the same few set-ups. Every set-up keeps one pair, even above this number.",
        json_schema_extra={"unit": "pairs", "guide": "12 to 24 a scene"},
    )
    holdout_per_shot: int = Field(
        default=1,
        ge=0,
        le=50,
        strict=True,
        description="Number of pairs of a shot that do not teach but choose: the checkpoint, the "
        "method of the shot, and whether a round of improvement stays. Without test pairs they "
        "also measure the result; with neither the verdict is never 'accept'.",
        json_schema_extra={"unit": "pairs", "guide": "held-out validation frames; preview input"},
    )
    test_per_shot: int = Field(
        default=1,
        ge=0,
        le=50,
        strict=True,
        description="Number of pairs of a shot that neither teach nor choose, because they measure "
        "the result. They never take the place of a training or hold-out pair.",
        json_schema_extra={"unit": "pairs", "guide": "held-out validation frames"},
    )
    add: tuple[FrameNumber, ...] = Field(
        default=(),
        description="Frames of the scan that become training pairs besides those that the machine "
        "chooses, each with the frame of a reference that matches it; 'unfade improve' adds to it.",
        json_schema_extra={
            "unit": "frame numbers",
            "guide": "add flagged frames as new pairs",
        },
    )
    drop: tuple[FrameNumber, ...] = Field(
        default=(),
        description="Frames of the scan that are never pairs; 'unfade pairs drop' adds to it.",
        json_schema_extra={"unit": "frame numbers"},
    )


class AlignSection(Noun):
    """[align]: the limit for a pair."""

    max_residual: float = Field(
        default=1.5,
        gt=0,
        le=100,
        strict=True,
        description="Largest median residual of an admitted pair, because colour that lies beside "
        "its detail is learned as such.",
        json_schema_extra={
            "unit": "pixels of the scan",
            "guide": "Merge (difference), judged by eye",
        },
    )


class TargetSection(Noun):
    """[target]: the ground truth that the model learns."""

    median: int = Field(
        default=3,
        ge=0,
        le=15,
        strict=True,
        description="Width of the median filter on the reference, against dirt and compression; "
        "0 and 1 are off.",
        json_schema_extra={"unit": "pixels of the reference", "guide": "Median, about size 10"},
    )
    deband: float = Field(
        default=0.0,
        ge=0,
        le=64,
        strict=True,
        description="Largest step of Cb and Cr in the reference that counts as a band and is "
        "smoothed, after the median; 0 is off. 2 does little harm to fine colour; more is for "
        "references with visible bands.",
        examples=[2.0],
        json_schema_extra={
            "unit": "codes of 8 bits",
            "guide": "light debanding of magnetic or video references",
        },
    )
    carry: Flag = Field(
        default=True,
        description="Colour of pairs is carried along motion to other frames of their shots, "
        "which are learned as well.",
    )


class ValidateSection(Noun):
    """[validate]: the acceptance criterion of colour."""

    max_of_baseline: float = Field(
        default=0.9,
        gt=0,
        le=100,
        strict=True,
        description="Largest held-out CIEDE2000 of the model, divided by that of the LUT baseline, "
        "that counts as a clear improvement.",
        json_schema_extra={
            "unit": "ratio",
            "guide": "clear improvement on MatchGrade",
        },
    )


class DeliverSection(Noun):
    """[deliver]: the people on record, and the review movies."""

    institution: Annotated[Text, Field(max_length=200)] = Field(
        default="", description="Institution in the bag's record; no master holds it."
    )
    restorationist: Annotated[Text, Field(max_length=200)] = Field(
        default="", description="Person in the bag's record; no master holds it."
    )
    note: Remark = Field(
        default="",
        description="Text for the validation note.",
        json_schema_extra={"guide": "validation note: assumptions, references, caveats"},
    )
    movie: Literal["h264", "prores", "dnxhr", "none"] = Field(
        default="h264",
        description="Codec of the review movies, which serve as access copies: H.264 in MP4, "
        "ProRes 422 HQ in QuickTime, DNxHR HQX in MXF; 'none' writes no movies. They carry the "
        "timecode of the scan. Masters are not affected.",
        json_schema_extra={"guide": "A/B in Resolve: wipe or split-screen"},
    )
    size: MovieSize | None = Field(
        default=None,
        description="Size of the movies: '1920x1080' fits the picture into this raster, '1920' is "
        "the width alone. Pixels are square, and the aspect ratio of the picture is kept.",
        examples=["1920x1080"],
        json_schema_extra={
            "allowed": "'WIDTHxHEIGHT' or 'WIDTH', even numbers from 16 to 8192",
            "unit": "pixels",
            "default_in_words": "the size of the live area, at most 1280 pixels wide",
            "guide": "convert to delivery space; reformat as needed",
        },
    )
    padding: Flag = Field(
        default=True,
        description="Black bars fill the raster of 'size'; without them the movie is as large as "
        "the picture in it.",
        json_schema_extra={"guide": "pad as needed"},
    )
    burn_in: Flag = Field(
        default=True,
        description="Frame number and timecode stand on a strip below the picture, which a raster "
        "of 'size' includes; set it off for access copies.",
    )

    def movie_size(self) -> tuple[int, int | None] | None:
        """Width and height of `size`, in pixels; the height is None if the width alone is set."""
        return None if self.size is None else parse_movie_size(self.size)

    c2pa_certificate: FilePath | None = Field(
        default=None,
        description="Chain of certificates, the signer's first, in PEM. Before-and-after still and "
        "recovered movie get signed C2PA manifests beside them; needs 'unfade[c2pa]'.",
        examples=["archive.pem"],
        json_schema_extra={"allowed": "a path", "default_in_words": "none; nothing is signed"},
    )
    c2pa_key: FilePath | None = Field(
        default=None,
        description="Private key of the signer, in PEM and without a password. No file of the bag "
        "holds it.",
        examples=["archive.key"],
        json_schema_extra={"allowed": "a path", "default_in_words": "none; nothing is signed"},
    )

    @model_validator(mode="after")
    def _certificate_and_key(self) -> "DeliverSection":
        if (self.c2pa_certificate is None) != (self.c2pa_key is None):
            raise ValueError("'c2pa_certificate' and 'c2pa_key' go together; set both or none")
        return self


class Project(Noun):
    """A whole project file."""

    film: FilmSection
    source: SourceSection
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
            if pair.source in self.curate.add and pair.role != "train":
                raise ValueError(
                    f"source frame {pair.source} is on 'curate.add', which trains, and has a "
                    f"[[pair]] with the role '{pair.role}'; leave one of them out"
                )
        return self

    @model_validator(mode="after")
    def _added_are_not_dropped(self) -> "Project":
        both = {*self.curate.add} & {*self.curate.drop}
        if both:
            raise ValueError(
                f"source frame {min(both)} is on 'curate.add' and on 'curate.drop'; take it off one"
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
