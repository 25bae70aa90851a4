"""[train] of film.toml: the training of the model."""

from typing import Literal

from pydantic import Field

from unfade.film.model import ModelSize
from unfade.film.noun import Noun
from unfade.film.seed import MAX_SEED
from unfade.film.values import FilePath, Flag, FrameNumber


class TrainSection(Noun):
    """[train]: the training of the model; the defaults are for every film."""

    size: ModelSize = Field(
        default="medium",
        description="Size of the networks; a larger one takes longer and fits more.",
        json_schema_extra={"guide": "Medium; Large only if quality is insufficient"},
    )
    steps: int = Field(
        default=1200,
        ge=1,
        le=1_000_000,
        strict=True,
        description="Largest number of training steps.",
        json_schema_extra={"unit": "steps", "guide": "40,000 to 80,000"},
    )
    batch: int = Field(
        default=8192,
        ge=64,
        le=2**20,
        strict=True,
        description="Number of pixels in a training step.",
        json_schema_extra={"unit": "pixels", "guide": "batch 3 of patches of 512 x 512 pixels"},
    )
    checkpoint: int = Field(
        default=300,
        ge=1,
        le=1_000_000,
        strict=True,
        description="Interval between checkpoints, at which the held-out error is measured; the "
        "best checkpoint becomes the model. Up to 6 others, evenly over the steps, are kept for "
        "'render.checkpoint'.",
        json_schema_extra={"unit": "steps", "guide": "every 10,000"},
    )
    early_stop: int = Field(
        default=3,
        ge=0,
        le=1_000_000,
        strict=True,
        description="Number of checkpoints in a row without a better held-out error that ends "
        "training; 0 is never.",
        json_schema_extra={"unit": "checkpoints", "guide": "stop by eye"},
    )
    contact_sheet: int = Field(
        default=300,
        ge=0,
        le=1_000_000,
        strict=True,
        description="Interval between contact sheets, which are drawn at the checkpoint that "
        "completes it and at the last; 0 is never.",
        json_schema_extra={"unit": "steps", "guide": "every 100 or so"},
    )
    preview: tuple[FrameNumber, ...] = Field(
        default=(),
        description="Frames of the scan that every contact sheet shows as well: input and output. "
        "They need no reference, and nothing is learned from them unless they are pairs.",
        examples=[[1040, 1211]],
        json_schema_extra={
            "unit": "frame numbers",
            "guide": "preview input with a frame that is not in the training set",
        },
    )
    learning_rate: float = Field(
        default=0.05,
        gt=0,
        le=10,
        strict=True,
        description="Highest learning rate, after a warm-up; it falls to zero along a cosine.",
        json_schema_extra={"guide": "default; optional cosine decay after warm-up"},
    )
    start_from: FilePath | None = Field(
        default=None,
        description="Model file of an earlier training of the same size, whose networks these "
        "start from. The closed form is fitted anew.",
        examples=["../reel0/05-train/model.safetensors"],
        json_schema_extra={
            "allowed": "a path",
            "default_in_words": "none; networks start fresh",
            "guide": "retrain from the best checkpoint or fresh",
        },
    )
    shot_models: Literal["auto", "off"] = Field(
        default="auto",
        description="Networks for single shots. 'auto' keeps them where hold-out pixels of the "
        "shot have a clearly smaller error.",
    )
    augment: Flag = Field(
        default=False,
        description="Each training picture is used a second time, moved by up to 5 %, scaled by "
        "up to 10 %, and lighter or darker by up to 10 %.",
        json_schema_extra={
            "guide": "small translate and scale; horizontal flip; exposure jitter 0.1"
        },
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        strict=True,
        description="Seed of all random choices; the same seed gives the same model.",
    )
