"""The README of a bag: what each file is, and how to read masters and model, for a stranger."""

import textwrap
from collections.abc import Iterable
from fnmatch import fnmatchcase

from unfade.deliver.content import DeliveryContent
from unfade.deliver.note import LINE_WIDTH
from unfade.film.wording import counted

README = "README.txt"
"""Name of the file in the payload of the bag."""

C2PA_SIDECAR = (
    "Signed C2PA manifest of the file of the same name; it holds the SHA-256 of provenance.json."
)

FILES = (
    (
        "masters/*.json",
        "Records of the masters, one for each: what the header of an EXR would say.",
    ),
    (
        "masters/*",
        "The masters, one file a frame. The number at the end of a name is the frame number of "
        "the scan.",
    ),
    (
        "model/model.safetensors",
        "The model that coloured the masters. It knows this film alone.",
    ),
    ("model/baseline.safetensors", "The LUT baseline that the report compares with."),
    ("model/model.json", "Record of the training: pairs, settings, errors, method of each shot."),
    ("luts/*.cube", "The LUT baseline for R'G'B' of gamma 2.4 Rec.709: of the film, of a shot."),
    ("luts/*.clf", "The same for linear light of Rec.709, with a logarithm for highlights."),
    (
        "handover/*.otio",
        "Timeline in OpenTimelineIO: original and recovered film on two tracks, with markers at "
        "the starts of shots and at outliers.",
    ),
    ("handover/*.xml", "The same timeline as XML of Final Cut Pro 7."),
    ("handover/*.edl", "Each track of it as EDL of CMX 3600."),
    (
        "handover/*.nk",
        "Script for Nuke 13 and later: original, recovered and reference, a merge of luma and "
        "chroma, a difference, a wipe and the LUT. Paths lead from the script. It was not tried in "
        "Nuke.",
    ),
    (
        "handover/*.c?f",
        "Conversions to R'G'B' of gamma 2.4 Rec.709, for OpenColorIO; the script uses them.",
    ),
    (
        "handover/models/*.pt",
        "What recovers a shot, as TorchScript for Nuke's CatFileCreator: R'G'B' of gamma 2.4 "
        "Rec.709 of the live area, 1 x 3 x H x W, to the same; single precision or half floats. It "
        "was tried in PyTorch 1.13 to 2.13, not in Nuke.",
    ),
    (
        "handover/models/*.onnx",
        "The same as ONNX, in single precision, tried in onnxruntime.",
    ),
    ("review/*.c2pa", C2PA_SIDECAR),
    ("review/*-recovered.*", "Review movie: the recovered film."),
    ("review/*-split.*", "Review movie: faded scan left, recovered film right."),
    ("review/*-lut.*", "Review movie: LUT baseline left, recovered film right."),
    ("sheets/pairs/*", "Sheets of the pairs of frames that were chosen, and of the balance."),
    ("sheets/alignment/*", "Sheets of how each reference was laid on the scan."),
    ("sheets/ground-truth/*", "Sheets of what the model learned: scan, reference, ground truth."),
    ("sheets/training/*", "Contact sheets of the training: input, ground truth, output; its loss."),
    (
        "sheets/constructed/*",
        "Sheets of constructed frames: the scan, its constructed colour with the points that "
        "persons stated, where it is uncertain, and each point's colour, author and source.",
    ),
    ("construct/*.toml", "What persons stated of a constructed frame, as the program reads it."),
    (
        "construct/*.json",
        "The same points with all colours and sources written out, and which were left out.",
    ),
    ("palette.toml", "Colours of the film by name, and where each is known from."),
    ("stills/*.c2pa", C2PA_SIDECAR),
    ("stills/outliers.png", "Outliers: the worst frames with the place of the fault."),
    ("stills/outlier-*.png", "Where in the worst frame of an outlier the fault is: white."),
    ("stills/*", "Pictures of the report: frames before and after, scopes, hold-out pairs."),
    ("references/*", "Pictures that a person gave as colour references."),
    ("report.html", "The report, for a browser: verdict, figures and pictures. Begin here."),
    ("report.json", "The figures of the report."),
    ("validation-note.txt", "Verdict, decision, figures, elements, assumptions and caveats."),
    ("pairs.json", "Every pair of frames of scan and reference that was considered."),
    ("alignments.json", "How each reference was laid on the scan, and which were refused."),
    ("clips.json", "What was found out about scan and references."),
    ("rendering.json", "List of the masters: frame, shot, checksum, predicted error."),
    ("rounds.json", "Rounds in which the program added pairs, with the figures of each."),
    ("approvals.json", "What persons decided on the masters, with names and dates."),
    ("dismissals.json", "Outliers that persons found to be no fault, with names and reasons."),
    ("bookmarks.json", "Notes of persons on frames."),
    ("settings.json", "Every setting of the run."),
    ("film.toml", "The settings that differ from the defaults, as the program reads them."),
    ("frames.json", "Every frame that was used, with its SHA-256."),
    (
        "provenance.json",
        "Who made this, from what, with what and how: people, elements, pairs with checksums, "
        "software, settings, digital source type of the IPTC.",
    ),
    ("provenance.schema.json", "What the fields of provenance.json mean, as JSON Schema."),
    ("premis.xml", "The events of the recovery for archive systems, as PREMIS 3.0."),
    (README, "This text."),
)
"""What files are, by the first pattern that fits their path in the payload."""


HOW_TO_READ_THE_MODEL = (
    "model.safetensors is a plain table of numbers: 8 bytes with the length of a header "
    "(little-endian), the header as JSON with name, type, shape and place of each tensor, then the "
    "values. The entry 'unfade' of its metadata says what the model is for. With the program the "
    "model colours a frame, an array of R'G'B' values:\n\n"
    "    import unfade\n"
    '    model = unfade.load_model("model/model.safetensors")\n'
    "    recovered = model.colour(faded, shot=1)\n\n"
    "Without the program the LUTs give colour that is close to it; the report says how close."
)

HOW_TO_CHECK = (
    "This is a bag of BagIt 1.0 (RFC 8493): manifest-sha256.txt, beside the folder data, has the "
    "SHA-256 of every file. 'unfade verify' or any BagIt program compares them."
)


def readme(delivered: DeliveryContent, paths: Iterable[str]) -> str:
    """The text for the files of a payload, given by their paths; those that no pattern names are
    left out."""
    rendering = delivered.rendering
    sections = {
        "WHAT THIS IS": _what_it_is(delivered),
        "HOW TO READ THE MASTERS": (
            f"They are in the colour space {rendering.colorspace} of the OpenColorIO config "
            f"{rendering.color_config}. Their luma is Y' = 0.2126 R' + 0.7152 G' + 0.0722 B' "
            "(ITU-R BT.709) of R'G'B' with gamma 2.4, the same as that of the scan to within the "
            "rounding of the file."
        ),
        "HOW TO READ THE MODEL": HOW_TO_READ_THE_MODEL,
        "HOW TO CHECK THE FILES": HOW_TO_CHECK,
        "FILES": _file_list(paths),
    }
    parts = [f"{delivered.project.film.title}: colour recovery", ""]
    for heading, text in sections.items():
        parts += [heading, _wrapped(text), ""]
    return "\n".join(parts)


def _what_it_is(delivered: DeliveryContent) -> str:
    rendering = delivered.rendering
    masters = counted(len(rendering.frames), "master")
    caveat = delivered.clips.source.damage.caveat()
    damage = f"The scan has {caveat}. " if caveat else ""
    return (
        f"The faded film print '{delivered.project.film.title}' with its colour recovered: "
        f"{masters} of version {rendering.version}, made by {delivered.software} on "
        f"{delivered.date}. Brightness, detail and grain are those of the scan of the faded print. "
        "Colour is predicted by a model that was trained on pairs of frames: the scan, and a "
        "reference that has good colour. It is a reconstruction, not a measurement of the original "
        f"dyes. {damage}The verdict of the validation is '{delivered.report.verdict}'; "
        f"{delivered.decision}."
    )


def description_of(path: str) -> str | None:
    """What a file of the payload is; none for a path that no pattern names."""
    return next((text for pattern, text in FILES if fnmatchcase(path, pattern)), None)


def missing_in(text: str, paths: Iterable[str]) -> list[str]:
    """The files of a payload that the text of a README lists neither by name nor by pattern."""
    lines = {line.strip() for line in text.split("\n")}

    def is_listed(path: str) -> bool:
        return path in lines or any(
            pattern in lines and fnmatchcase(path, pattern) for pattern, _ in FILES
        )

    return [path for path in paths if not is_listed(path)]


def _file_list(paths: Iterable[str]) -> str:
    """The patterns of the files that there are, each with what they are."""
    some = set(paths)
    described: dict[str, str] = {}
    for pattern, text in FILES:
        fitting = sorted(path for path in some if fnmatchcase(path, pattern))
        if fitting:
            described[fitting[0] if len(fitting) == 1 else pattern] = text
        some.difference_update(fitting)
    return "\n".join(f"  {name}\n{_filled(text, indent=6)}" for name, text in described.items())


def _wrapped(text: str) -> str:
    """Text with lines of at most `LINE_WIDTH` characters; indented lines stay as they are."""
    lines = text.split("\n")
    return "\n".join(
        one if one.startswith(" ") or not one else _filled(one, indent=2) for one in lines
    )


def _filled(text: str, indent: int) -> str:
    margin = " " * indent
    return textwrap.fill(
        text,
        LINE_WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
        break_long_words=False,
    )
