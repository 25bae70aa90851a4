"""The faults that `faults.py` plants in a small film."""

import json
import os
import resource
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio
import torch
from fault_film import SIZE_PX

from unfade import media
from unfade.film.stage_names import STAGE_NAMES, folder_name

Plant = Callable[[Path], object]
"""Plants a fault in the folder of a film."""

FRAME = "scan/s.0003.exr"
MASTERS = "06-render"


@dataclass(frozen=True)
class Fault:
    """A fault, how it is planted, and how the command is run while it is there.

    `starts_finished` says whether the film has passed through all stages before. `arguments` are
    those of the command that meets the fault; a whole run if there are none. `may_pass` says
    whether the run may also end well, because the fault harms nothing.
    """

    name: str
    plant: Plant
    starts_finished: bool = True
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    limits: Sequence[tuple[int, int]] = ()
    may_pass: bool = False


def faults() -> list[Fault]:
    """All faults but kills, in the order of the table."""
    return [
        *_scan_faults(),
        *_reference_faults(),
        *_project_faults(),
        *_work_faults(),
        *_system_faults(),
    ]


def _scan_faults() -> list[Fault]:
    scan = [
        ("a frame of the scan is cut off", _cut_off(FRAME)),
        ("a frame has no bytes", written(FRAME, b"")),
        ("a frame is text", written(FRAME, b"no picture\n" * 40)),
        ("a frame is noise", written(FRAME, _noise(20_000))),
        ("a frame has one damaged block", _with_damaged_block),
        ("a frame is a PNG with another suffix", _png_as_exr),
        ("a frame has another size", _picture(FRAME, (3, 40, 40))),
        ("a frame has one channel", _picture(FRAME, (1, *SIZE_PX))),
        ("a frame is missing", _removed(FRAME)),
        ("a frame is a folder", replaced(FRAME, Path.mkdir)),
        ("a frame is a link to nothing", replaced(FRAME, lambda path: path.symlink_to("gone"))),
        ("a frame is a link to itself", replaced(FRAME, lambda path: path.symlink_to(path.name))),
        ("a frame is a named pipe", replaced(FRAME, os.mkfifo)),
        ("all frames are missing", lambda film: shutil.rmtree(film / "scan")),
        ("the headers claim 60,000 x 60,000 pixels", _with_huge_header),
    ]
    harmless = [
        ("a frame has values that are NaN", _filled(FRAME, float("nan"))),
        ("a frame has infinite values", _filled(FRAME, float("inf"))),
        ("a frame has negative values", _filled(FRAME, -0.5)),
        ("a frame is black", _filled(FRAME, 0.0)),
        ("a number is there twice", _number_twice),
        ("the first frame is missing", _removed("scan/s.0001.exr")),
        ("foreign files lie beside the frames", _with_foreign_files),
    ]
    return [
        *(Fault(name, plant) for name, plant in scan),
        *(Fault(name, plant, may_pass=True) for name, plant in harmless),
    ]


def _reference_faults() -> list[Fault]:
    movie = 'path = "dvd/d.%04d.exr"', 'path = "dvd.mkv"'
    return [
        Fault("a frame of the reference is cut off", _cut_off("dvd/d.0004.exr")),
        Fault("the reference is missing", lambda film: shutil.rmtree(film / "dvd")),
        Fault("the reference is grey", _grey_reference),
        Fault("the painted picture is missing", _removed("painted/2.exr")),
        Fault("the painted picture is cut off", _cut_off("painted/2.exr")),
        Fault("the painted picture has no bytes", written("painted/2.exr", b"")),
        Fault("the reference is a movie of no bytes", _both(_edited(*movie), written("dvd.mkv"))),
        Fault(
            "the reference is a movie of noise",
            _both(_edited(*movie), written("dvd.mkv", _noise(50_000))),
        ),
        Fault("the reference is a movie that breaks off", _both(_edited(*movie), _broken_movie)),
        Fault("the reference is a movie of sound alone", _both(_edited(*movie), _sound)),
    ]


def _project_faults() -> list[Fault]:
    toml = "film.toml"
    texts = [
        ("film.toml is missing", _removed(toml)),
        ("film.toml is empty", written(toml, b"")),
        ("film.toml is no TOML", _edited("[source]", "[source")),
        ("film.toml is noise", written(toml, _noise(3_000))),
        ("film.toml is in UTF-16", _recoded("utf-16")),
        ("film.toml is in Latin-1", _both(_edited('"Faults"', '"Fäden"'), _recoded("latin-1"))),
        ("a key is misspelt", _edited("steps = 4", "stepps = 4")),
        ("a key is there twice", _edited("steps = 4", "steps = 4\nsteps = 5")),
        ("a value has the wrong type", _edited("steps = 4", 'steps = "four"')),
        ("a number is out of range", _edited("steps = 4", "steps = -4")),
        ("a number has 400 digits", _edited("steps = 4", f"steps = {'9' * 400}")),
        ("a section is missing", _edited("[source]", "[sauce]")),
        ("a pair lies outside the scan", _edited("source = 4", "source = 400")),
        (
            "a pair names a frame that the reference lacks",
            _edited("reference = 4", "reference = 99"),
        ),
        ("two pairs share a frame", _edited("source = 4", "source = 2")),
        ("the live area exceeds the picture", _edited("[0, 0, 96, 72]", "[0, 0, 960, 72]")),
        (
            "the colour space is unknown",
            _edited('"scan/s.%04d.exr"', '"scan/s.%04d.exr"\ncolorspace = "Technicolor"'),
        ),
        ("the path of the scan has a line break", _edited("scan/s.", "scan/\\ns.")),
        ("the path of the scan has a zero byte", _edited("scan/s.", "scan/\\u0000s.")),
        ("arrays are nested 5,000 deep", _edited("steps = 4", "steps = " + "[" * 5_000)),
    ]
    passing = [
        (
            "the title has control characters and markup",
            _edited('"Faults"', '"\\u001b[31m<b>F</b>"'),
        ),
        ("film.toml has 20 MB", _edited("[train]", "# " + "x" * 20_000_000 + "\n[train]")),
        ("film.toml starts with a byte order mark", _recoded("utf-8-sig")),
        ("film.toml has the line ends of Windows", _edited("\n", "\r\n")),
    ]
    return [
        *(Fault(name, plant) for name, plant in texts),
        *(Fault(name, plant, may_pass=True) for name, plant in passing),
    ]


def _work_faults() -> list[Fault]:
    finished = [
        ("clips.json breaks off", _cut_off("01-ingest/clips.json")),
        ("the proxy of the scan breaks off", _cut_off("01-ingest/source-proxy.npy")),
        ("the proxy of the scan is missing", _removed("01-ingest/source-proxy.npy")),
        ("pairs.json is of a later schema", _other_schema("02-curate/pairs.json")),
        ("pairs.json is no JSON", written("02-curate/pairs.json", b"[[[")),
        ("alignments.json is missing", _removed("03-align/alignments.json")),
        ("a ground truth is missing", _removed_first("04-target", "truth.*.exr")),
        ("the model breaks off", _cut_off_first("05-train", "*.safetensors")),
        ("the model is a pickle", _pickle_as_model),
        ("model.json is missing", _removed("05-train/model.json")),
        ("a master is missing", _removed_first(MASTERS, "**/*.exr")),
        ("a master breaks off", _cut_off_first(MASTERS, "**/*.exr")),
        (
            "one bit of a master is flipped, and the bag is gone",
            _both(_flipped_first(MASTERS, "**/*.exr"), _without_bag),
        ),
        ("rendering.json is empty", written("06-render/rendering.json", b"")),
        ("report.json is missing", _removed("07-validate/report.json")),
        ("the page of the report is missing", _removed("07-validate/report.html")),
        ("a file of the bag is changed", _changed_in_bag),
        ("a receipt is noise", written("05-train/receipt.json", _noise(500))),
        ("the folder of a stage is a file", replaced("06-render", Path.touch)),
        ("the folder of a stage is a link to nothing", replaced("06-render", _link_to_nothing)),
        ("a killed render has left parts of files", _with_partials),
        ("the lock of a dead process is left", _with_stale_lock),
        ("approvals.json is damaged", written("approvals.json", b"{")),
        ("the clock was set back a year", _from_the_future),
    ]
    return [Fault(name, plant, may_pass=True) for name, plant in finished] + [
        Fault(
            "a delivery with a flipped bit is verified",
            _flipped_first("08-deliver", "*/data/masters/**/*.exr"),
            arguments=("verify", "08-deliver/faults-v001"),
        )
    ]


def _system_faults() -> list[Fault]:
    def nothing(film: Path) -> None:
        """The fault lies in how the command is run."""

    limits = {
        "no file may have more than 20 kB": (resource.RLIMIT_FSIZE, 20_000),
        "no file may have a byte": (resource.RLIMIT_FSIZE, 0),
        "16 files may be open": (resource.RLIMIT_NOFILE, 16),
        "1.2 GB of addresses are left": (resource.RLIMIT_AS, 1_200_000_000),
    }
    variables = {
        "the language of the system is C": {"LC_ALL": "C"},
        "there is no home": {"HOME": "/nonexistent"},
        "the folder for temporary files is missing": {"TMPDIR": "/nonexistent"},
    }
    return [
        *(
            Fault(name, nothing, starts_finished=False, limits=[limit], may_pass=True)
            for name, limit in limits.items()
        ),
        *(
            Fault(name, nothing, starts_finished=False, environment=values, may_pass=True)
            for name, values in variables.items()
        ),
    ]


def kill_points() -> list[str]:
    """The stages in which a run is killed."""
    return [folder_name(stage) for stage in STAGE_NAMES]


def _noise(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


def _both(one: Plant, other: Plant) -> Plant:
    def plant(film: Path) -> None:
        one(film)
        other(film)

    return plant


def written(name: str, content: bytes = b"") -> Plant:
    return lambda film: (film / name).write_bytes(content)


def _removed(name: str) -> Plant:
    return lambda film: (film / name).unlink()


def first_of(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


def _number_twice(film: Path) -> None:
    shutil.copy(film / FRAME, film / "scan/s.003.exr")


def _removed_first(folder: str, pattern: str) -> Plant:
    return lambda film: first_of(film / folder, pattern).unlink()


def _cut_off(name: str) -> Plant:
    return lambda film: _halve(film / name)


def _cut_off_first(folder: str, pattern: str) -> Plant:
    return lambda film: _halve(first_of(film / folder, pattern))


def _halve(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def _flipped_first(folder: str, pattern: str) -> Plant:
    def plant(film: Path) -> None:
        path = first_of(film / folder, pattern)
        content = bytearray(path.read_bytes())
        content[len(content) * 3 // 4] ^= 1
        path.unlink()
        path.write_bytes(content)

    return plant


def replaced(name: str, make: Plant) -> Plant:
    def plant(film: Path) -> None:
        path = film / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return plant


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("gone")


def _edited(old: str, new: str) -> Plant:
    def plant(film: Path) -> None:
        path = film / "film.toml"
        text = path.read_bytes().decode("utf-8")
        assert old in text
        path.write_bytes(text.replace(old, new).encode("utf-8"))

    return plant


def _recoded(encoding: str) -> Plant:
    def plant(film: Path) -> None:
        path = film / "film.toml"
        path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))

    return plant


def _picture(name: str, shape: tuple[int, ...]) -> Plant:
    def plant(film: Path) -> None:
        picture = np.full(shape[1:] + shape[:1], 0.4, np.float32)
        _write_exr(film / name, picture)

    return plant


def _filled(name: str, value: float) -> Plant:
    """A frame with a patch of a value; black is the whole frame."""

    def plant(film: Path) -> None:
        rgb = media.read_picture(film / name, "ACEScg").permute(1, 2, 0).numpy().copy()
        rgb[20:40, 30:50] = value
        _write_exr(film / name, rgb if value else np.zeros_like(rgb))

    return plant


def _write_exr(path: Path, pixels: np.ndarray) -> None:
    """Replaces a picture, with the header that it had."""
    original = oiio.ImageInput.open(str(path))
    spec = original.spec()
    original.close()
    height, width, channels = pixels.shape
    if spec.nchannels != channels:
        spec.channelnames = ("Y",)
    spec.width = spec.full_width = width
    spec.height = spec.full_height = height
    spec.nchannels = channels
    file = oiio.ImageOutput.create(str(path))
    assert file.open(str(path), spec)
    assert file.write_image(pixels)
    file.close()


def _with_damaged_block(film: Path) -> None:
    path = film / FRAME
    content = bytearray(path.read_bytes())
    content[-2_000:-1_000] = bytes(1_000)
    path.write_bytes(content)


def _png_as_exr(film: Path) -> None:
    media.write_png(film / "picture.png", torch.full((3, *SIZE_PX), 0.5))
    (film / "picture.png").replace(film / FRAME)


def _with_huge_header(film: Path) -> None:
    """The windows of every frame claim a raster that the file does not hold."""
    for path in (film / "scan").glob("*.exr"):
        content = path.read_bytes()
        height, width = SIZE_PX
        small = np.array([0, 0, width - 1, height - 1], "<i4").tobytes()
        huge = np.array([0, 0, 59_999, 59_999], "<i4").tobytes()
        assert content.count(small) >= 2
        path.write_bytes(content.replace(small, huge))


def _with_foreign_files(film: Path) -> None:
    for name in ("Thumbs.db", ".DS_Store", "notes.txt", "s.exr", "old_s.0001.exr"):
        (film / "scan" / name).write_bytes(b"foreign")


def _grey_reference(film: Path) -> None:
    for path in [*(film / "dvd").glob("*.exr"), film / "painted/2.exr"]:
        rgb = media.read_picture(path, "ACEScg")
        media.write_exr(path, rgb.mean(dim=0, keepdim=True).expand(3, -1, -1), colorspace="ACEScg")


def _broken_movie(film: Path) -> None:
    with av.open(str(film / "dvd.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = *SIZE_PX, "yuv420p"
        for number in range(24):
            codes = np.full((*SIZE_PX, 3), 10 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        container.mux(stream.encode())
    _halve(film / "dvd.mkv")


def _sound(film: Path) -> None:
    with av.open(str(film / "dvd.mkv"), "w") as container:
        stream = container.add_stream("flac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4_096), np.int16), layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _other_schema(name: str) -> Plant:
    def plant(film: Path) -> None:
        content = json.loads((film / name).read_text(encoding="utf-8"))
        content["schema"] = "PairList.99"
        (film / name).write_text(json.dumps(content), encoding="utf-8")

    return plant


def _pickle_as_model(film: Path) -> None:
    path = first_of(film / "05-train", "*.safetensors")
    torch.save({"weights": torch.zeros(4)}, path)


def _changed_in_bag(film: Path) -> None:
    path = first_of(film / "08-deliver", "*/data/report.html")
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b" ")


def _without_bag(film: Path) -> None:
    shutil.rmtree(film / "08-deliver")


def _with_partials(film: Path) -> None:
    """What a killed render leaves; it runs once more."""
    (film / "06-render/.x.0a1b2c3d.partial.exr").write_bytes(b"half")
    (film / "06-render/rendering.json").unlink()


def _with_stale_lock(film: Path) -> None:
    (film / ".unfade.lock").write_text("process 999999 on nowhere since 2020", encoding="utf-8")


def _from_the_future(film: Path) -> None:
    for path in film.rglob("*"):
        status = path.stat()
        os.utime(path, (status.st_atime + 31_536_000, status.st_mtime + 31_536_000))
