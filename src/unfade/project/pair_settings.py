"""[[pair]] of film.toml: a pair that a person fixes."""

from pydantic import Field, model_validator

from unfade.film.control_points import ControlPoints
from unfade.film.noun import Noun
from unfade.film.pair import PairKind, PairRole
from unfade.film.values import FilePath, Flag, FrameNumber, Name, Remark


class PairSection(Noun):
    """[[pair]]: a pair that a person fixes; it goes before every choice of the machine."""

    source: FrameNumber = Field(
        description="Frame number of the scan.",
        json_schema_extra={"unit": "frame number", "guide": "FrameHold on Source"},
    )
    reference: FrameNumber | FilePath = Field(
        description="Frame number of the reference, or path of a picture.",
        json_schema_extra={
            "unit": "frame number",
            "allowed": "a frame number, or a path relative to film.toml",
            "guide": "FrameHold on Reference",
        },
    )
    of: Name | None = Field(
        default=None,
        description="Name of the reference that holds the frame, where there are several.",
        json_schema_extra={"default_in_words": "the only reference"},
    )
    kind: PairKind = Field(
        default="direct",
        description="Origin of the colour: shot on film (direct), or made by a person "
        "(constructed), which record and delivery say.",
        json_schema_extra={"guide": "reference-based or non-reference; document all assumptions"},
    )
    role: PairRole = Field(
        default="train",
        description="Use of the pair: training, or held out to measure the model.",
        json_schema_extra={"guide": "keep held-out validation frames"},
    )
    aligned: Flag = Field(
        default=False,
        description="The reference lies on the scan's live area as it is, so align does not move "
        "it.",
    )
    points: ControlPoints = Field(
        default=(),
        description="Control points placed by hand, which replace the machine's search: x and y "
        "in the scan, then x and y in the reference, of a detail that both show. They count in "
        "pixels of each whole upright picture as it is read (deinterlaced, with its own pixel "
        "aspect, borders included), from the corner of its top left pixel, whose centre is "
        "0.5, 0.5. 1 point moves the framing of the film, 2 also rotate and scale it, 3 give an "
        "affine transform, 4 or more a homography by least squares.",
        examples=[[[412.0, 305.5, 131.2, 98.0], [1630.5, 318.0, 598.0, 104.5]]],
        json_schema_extra={
            "allowed": "a list of up to 32 [x, y, x, y], each from 0 to 100,000",
            "unit": "pixels",
            "default_in_words": "none; the machine searches",
            "guide": "keyed Transform by hand, in Stage 2",
        },
    )
    colorspace: Name | None = Field(
        default=None,
        description="Colour space of a picture, a name of the OpenColorIO config.",
        json_schema_extra={
            "allowed": "a name of the config",
            "default_in_words": "what the picture's file says",
        },
    )
    note: Remark = Field(
        default="",
        description="Reason for the pair; it goes into the record.",
        json_schema_extra={"guide": "document all assumptions"},
    )

    @model_validator(mode="after")
    def _of_a_picture(self) -> "PairSection":
        if self.colorspace is not None and isinstance(self.reference, int):
            raise ValueError(
                "'colorspace' is of a picture, but 'reference' is the number of a frame; take "
                "'colorspace' out"
            )
        return self

    @model_validator(mode="after")
    def _placed_once(self) -> "PairSection":
        if self.aligned and self.points:
            raise ValueError(
                "'aligned' and 'points' both say how the reference lies; take one of them out"
            )
        return self
