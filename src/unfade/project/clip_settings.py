"""[source] and [reference] of film.toml: a clip, and the facts that overrule its files."""

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from unfade.film.clip import Area, CodeRange, FieldOrder, Orientation, YCbCrMatrix
from unfade.film.damage import DamageSetting
from unfade.film.naming import MAX_NAME_LENGTH, clip_name
from unfade.film.noun import Noun
from unfade.film.values import (
    TO_FILL_IN,
    FilePath,
    FrameNumber,
    Name,
    PixelAspect,
    Pixels,
    Rate,
    check_order,
)

MIN_LIVE_AREA_PX = 64
"""Smallest side of a live area, pixels, because matching needs structure."""


class ClipSection(Noun):
    """Keys of every clip."""

    path: FilePath = Field(
        description="Movie file, or pattern of a sequence, relative to film.toml. The frame number "
        "is written as '%06d', because a pattern names every frame of the sequence.",
        examples=["scan/reel1.%06d.dpx"],
        json_schema_extra={
            "allowed": "a path",
            "guide": "Read node: the original source",
        },
    )
    colorspace: Name = Field(
        default="auto",
        description="Colour space of the files, a name of the OpenColorIO config. 'auto' takes the "
        "name from the files; log and linear DPX need a name, because their headers hold none.",
        examples=["ADX10"],
        json_schema_extra={
            "allowed": "'auto', or a name of the config",
            "guide": "Read.colorspace, the same for training and inference",
        },
    )
    first: FrameNumber | None = Field(
        default=None,
        description="First frame number that is read.",
        json_schema_extra={
            "unit": "frame number",
            "default_in_words": "the first frame of the files",
        },
    )
    last: FrameNumber | None = Field(
        default=None,
        description="Last frame number that is read, included.",
        json_schema_extra={
            "unit": "frame number",
            "default_in_words": "the last frame of the files",
        },
    )
    rate: Rate | None = Field(
        default=None,
        description="Frame rate, as an exact fraction; 23.976 is read as 24000/1001.",
        examples=["24000/1001"],
        json_schema_extra={
            "unit": "frames a second",
            "allowed": "a fraction from 1 to 1,000",
            "default_in_words": "what the files say; 24/1 is assumed for stills that say nothing",
        },
    )
    pixel_aspect: PixelAspect | None = Field(
        default=None,
        description="Width of a pixel divided by its height.",
        examples=["16/15"],
        json_schema_extra={
            "unit": "ratio",
            "allowed": "a fraction from 1/4 to 4",
            "default_in_words": "what the files say",
        },
    )
    timecode: Name = Field(
        default="auto",
        description="Timecode of the first frame. 'auto' takes it from the files, 'none' writes no "
        "timecode to the masters.",
        examples=["01:00:00:00"],
        json_schema_extra={
            "allowed": "'auto', 'none', or a timecode such as '01:00:00:00'",
            "guide": "Validation: align timecode and frames",
        },
    )
    fields: FieldOrder | Literal["auto"] = Field(
        default="auto",
        description="Field structure of a movie: whole frames, interlaced with the top or the "
        "bottom field first, or film frames spread over fields. 'auto' measures it.",
    )
    orientation: Orientation | Literal["auto"] = Field(
        default="auto",
        description="Turn, degrees clockwise, or reflection that makes the stored picture upright. "
        "'auto' takes it from the header.",
    )
    range: CodeRange | Literal["auto"] = Field(
        default="auto",
        description="Code values of black and white: all codes (full), or 16 to 235 of 8 bits "
        "and the like (limited). 'auto' takes the range from the files.",
    )
    matrix: YCbCrMatrix | Literal["auto"] = Field(
        default="auto",
        description="Luma weights of a Y'CbCr movie. 'auto' takes them from the tags, or from the "
        "picture size where there are no tags.",
    )
    live_area: tuple[Pixels, Pixels, Pixels, Pixels] | None = Field(
        default=None,
        description="Picture area of the upright frame, without sprockets, sound track and "
        f"borders: left, top, width, height. Width and height are at least {MIN_LIVE_AREA_PX}.",
        examples=[[120, 64, 1840, 1380]],
        json_schema_extra={
            "unit": "pixels",
            "default_in_words": "measured by ingest",
            "guide": "live-area Crop, the same picture area as in training",
        },
    )

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
            if min(width, height) < MIN_LIVE_AREA_PX:
                raise ValueError(
                    f"'live_area' is {list(self.live_area)}; set it to [x, y, width, height] of at "
                    f"least {MIN_LIVE_AREA_PX} x {MIN_LIVE_AREA_PX} pixels"
                )
        return self

    def area(self) -> Area | None:
        """`live_area` as an `Area`."""
        if self.live_area is None:
            return None
        x, y, width, height = self.live_area
        return Area(x=x, y=y, width=width, height=height)


class SourceSection(ClipSection):
    """[source]: the faded scan, whose luma is kept."""

    damaged: DamageSetting = Field(
        default="error",
        description="Frames of a sequence that are missing or that cannot be read. 'error' lists "
        "them all after ingest has read the scan. 'hold' takes the picture of the nearest earlier "
        "good frame, or of a later one at the start. 'skip' writes no master for them. Neither is "
        "ever a pair, and the report and the delivery list them.",
    )


class ReferenceSection(ClipSection):
    """[reference], or one of several [[reference]]: a copy with good colour."""

    name: Name = Field(
        description="Short name of the reference in records, reports and 'of' of a pair.",
        json_schema_extra={
            "allowed": f"1 to {MAX_NAME_LENGTH} letters, digits, '-' and '_'",
            "default_in_words": "the name of its file",
        },
    )

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
