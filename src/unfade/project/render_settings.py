"""[render] of film.toml: the masters."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from unfade.errors import ProjectError
from unfade.film.damage import Damage
from unfade.film.method import MethodSetting
from unfade.film.model import CheckpointSetting
from unfade.film.noun import Noun
from unfade.film.rendering import MasterFormat, MasterNaming
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.validation_range import validation_frames
from unfade.film.values import Flag, FrameNumber, Name, check_order
from unfade.film.working_space import WORKING_SPACE


class RenderSection(Noun):
    """[render]: the masters."""

    format: MasterFormat = Field(
        default="exr",
        description="File format: EXR of half floats, TIFF of 16-bit integers, or DPX. Integers "
        "cut values outside 0 to 1, and the report counts them.",
        json_schema_extra={"guide": "EXR"},
    )
    bits: Literal[10, 16] = Field(
        default=16,
        description="Bits of a sample; 10 is for DPX alone.",
        json_schema_extra={"unit": "bits", "guide": "16-bit half"},
    )
    colorspace: Name = Field(
        default="ACES2065-1",
        description="Colour space of the masters, a name of the OpenColorIO config.",
        json_schema_extra={
            "allowed": "a name of the config",
            "default_in_words": f"'ACES2065-1'; '{WORKING_SPACE}' for TIFF and DPX",
            "guide": "ACES 2065-1 (AP0), or the archive's own standard",
        },
    )
    compression: Literal["zip", "dwaa", "none"] = Field(
        default="zip",
        description="Compression. ZIP is lossless and keeps the luma; DWAA is for EXR alone, "
        "takes about a fifth of the space and changes the luma slightly.",
        json_schema_extra={
            "default_in_words": "'zip'; 'none' for DPX and with strict",
            "guide": "ZIP or DWAA",
        },
    )
    dwa_level: float = Field(
        default=45.0,
        ge=0,
        le=100_000,
        strict=True,
        description="Compression level of DWAA; 0 is the best picture.",
        json_schema_extra={"unit": "level of OpenEXR"},
    )
    strict: Flag = Field(
        default=False,
        description="EXR as a container of SMPTE ST 2065-4, which is ACES2065-1 without "
        "compression.",
    )
    naming: MasterNaming = Field(
        default="shot",
        description="Sequences: one for each shot, with the shot in its name, or one for the "
        "film, which Resolve and Nuke open as one clip.",
        json_schema_extra={"guide": "shot or scene, version, model id"},
    )
    version: int = Field(
        default=1,
        ge=1,
        le=9999,
        strict=True,
        description="Version number in the names of masters and delivery.",
        json_schema_extra={"guide": "version in the name"},
    )
    first: FrameNumber | None = Field(
        default=None,
        description="First frame number that is rendered.",
        json_schema_extra={
            "unit": "frame number",
            "default_in_words": "the first frame of the scan",
            "guide": "a range of 50 to 100 frames before the full render",
        },
    )
    last: FrameNumber | None = Field(
        default=None,
        description="Last frame number that is rendered, included.",
        json_schema_extra={
            "unit": "frame number",
            "default_in_words": "the last frame of the scan",
            "guide": "a range of 50 to 100 frames before the full render",
        },
    )
    range: Literal["all", "validation"] = Field(
        default="all",
        description="Frames to render: all, or 50 to 100 that represent the film, at heads, "
        "middles and tails of shots. With 'first' and 'last', those of them that lie between.",
        json_schema_extra={"guide": "validate on 50 to 100 frames first"},
    )
    use: MethodSetting = Field(
        default="auto",
        description="Colour of all shots: of the 'networks', of the 'law' in closed form without "
        "networks, or of the 'lut' that the report compares with. With 'auto' hold-out pairs "
        "choose for each shot.",
        json_schema_extra={"guide": "clear improvement on MatchGrade"},
    )

    checkpoint: CheckpointSetting = Field(
        default="best",
        description="Checkpoint of the training: the 'best', which has the smallest held-out "
        "error, or the step of another one that was kept; 05-train/model.json lists them. Another "
        "one has no networks for single shots. Nothing is trained again.",
        examples=[600],
        json_schema_extra={
            "allowed": "'best', or the step of a kept checkpoint",
            "unit": "steps",
            "guide": "name with model or checkpoint id; retrain from the best checkpoint",
        },
    )

    def wanted(self, frames: FrameRange, shots: Sequence[Shot] = ()) -> list[int]:
        """The frames that are asked for of a scan that has `frames`, in order.

        Args:
            frames: of the scan.
            shots: of the scan; without them the validation range is not known, and all frames
                between first and last count.

        Raises:
            ProjectError: it has none of them.
        """
        first = frames.first if self.first is None else self.first
        last = frames.last if self.last is None else self.last
        wanted = [number for number in frames.frames() if first <= number <= last]
        if self.range == "validation" and shots:
            chosen = validation_frames(shots)
            wanted = [number for number in wanted if number in chosen]
        if not wanted:
            what = "scan's validation range" if self.range == "validation" else "scan"
            raise ProjectError(
                f"film.toml: no frame of the {what} lies between 'render.first' and "
                f"'render.last'; set them to frames from {frames.first} to {frames.last}"
            )
        return wanted

    def rendered(
        self, frames: FrameRange, damage: Damage, shots: Sequence[Shot] = ()
    ) -> tuple[list[int], Damage]:
        """The frames that get a master, in order, and those of the wanted ones that are skipped.

        Args:
            frames: of the scan.
            damage: of the scan.
            shots: as of `wanted`.

        Raises:
            ProjectError: the scan has no frame that is wanted, or all of them are skipped.
        """
        wanted = self.wanted(frames, shots)
        skipped = damage.skipped(wanted)
        rendered = [frame for frame in wanted if frame not in skipped]
        if not rendered:
            raise ProjectError(
                "film.toml: every frame to render is damaged and skipped; set other 'render.first' "
                "and 'render.last', or set 'source.damaged' to 'hold'"
            )
        return rendered, skipped

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
            raise ValueError(
                f"{self.format} has 16 bits; take 'bits' out, or set 'format' to 'dpx'"
            )
        if self.strict and (self.format, self.compression) != ("exr", "none"):
            raise ValueError(
                "a strict ACES container is EXR and not compressed; take 'format' and "
                "'compression' out, or set 'strict' to false"
            )
        fitting = {"exr": ("zip", "dwaa", "none"), "tiff": ("zip", "none"), "dpx": ("none",)}
        if self.compression not in fitting[self.format]:
            raise ValueError(
                f"{self.format} has no compression '{self.compression}'; use "
                + " or ".join(f"'{name}'" for name in fitting[self.format])
            )
        return self
