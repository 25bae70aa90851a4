"""The Nuke script: words of Tcl that balance, nodes with the inputs they need, files that exist."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
import pytest

from unfade.deliver.nuke import Footage, NukeContent, nuke_script
from unfade.film.clip import Area
from unfade.film.time import FrameRange

FRAMES = FrameRange(first=1001, last=1020)
SCAN = "../../../../scan/reel [1].%06d.dpx"
HERE = "[file dirname [value root.name]]/"
"""What stands for the folder of the script in the paths of its nodes."""


@dataclass
class Node:
    """A node of a script with its knobs and the nodes that it reads."""

    kind: str
    knobs: dict[str, str]
    inputs: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.knobs["name"]


def words(text: str) -> Iterator[str]:
    """The words of a Tcl command: bare, in quotes with escapes, or in braces."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = at
        if text[at] == "{":
            depth = 0
            while True:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
                if depth == 0:
                    break
            yield text[at + 1 : end - 1]
        elif text[at] == '"':
            match = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(text, at)
            assert match is not None
            assert not re.search(r"(?<!\\)(\\\\)*[\[$]", match[1]), "Tcl would evaluate this now"
            end = match.end()
            yield (
                match[1]
                .replace("\\n", "\n")
                .replace("\\", "\0")
                .replace("\0\0", "\\")
                .replace("\0", "")
            )
        else:
            while end < len(text) and not text[end].isspace():
                end += 1
            yield text[at:end]
        at = end


def nodes_of(script: str) -> dict[str, Node]:
    """The nodes by name, connected as Nuke's stack connects them."""
    lines = [line for line in script.splitlines() if not line.startswith(("#!", "version"))]
    tokens = iter(list(words("\n".join(lines))))
    stack: list[Node] = []
    variables: dict[str, Node] = {}
    nodes: dict[str, Node] = {}
    for token in tokens:
        if token == "set":
            name = next(tokens)
            assert next(tokens) == "[stack"
            assert next(tokens) == "0]"
            variables[name] = stack[0]
        elif token == "push":
            stack.insert(0, variables[next(tokens).removeprefix("$")])
        else:
            parts = list(words(next(tokens)))
            knobs = dict(zip(parts[::2], parts[1::2], strict=True))
            count = int(knobs["inputs"])
            assert count <= len(stack)
            node = Node(token, knobs, stack[:count])
            stack = [node, *stack[count:]] if token not in ("Root", "StickyNote") else stack
            nodes[knobs.get("name", token)] = node
    return nodes


def content(**facts: object) -> NukeContent:
    masters = [
        Footage(f"../masters/reel_s00{n}.%07d.exr", FrameRange(first=first, last=last), "a.clf")
        for n, first, last in ((1, 1001, 1010), (2, 1011, 1020))
    ]
    defaults: dict[str, object] = {
        "name": "reel",
        "rate": 24_000 / 1001,
        "width": 2048,
        "height": 1556,
        "pixel_aspect": 2.0,
        "live_area": Area(x=10, y=6, width=2000, height=1500),
        "space": "Gamma 2.4",
        "lut": "../luts/reel-33.cube",
        "original": Footage(SCAN, FRAMES, "from-log.clf"),
        "masters": masters,
        "references": {"dvd": Footage("../dvd.mov", FrameRange(first=0, last=9), None, True)},
    }
    return NukeContent(**(defaults | facts))  # type: ignore[arg-type]


@pytest.fixture
def nodes() -> dict[str, Node]:
    return nodes_of(nuke_script(content()))


def test_rate_range_and_format_are_those_of_the_film(nodes: dict[str, Node]) -> None:
    root = nodes["Root"].knobs
    assert (root["first_frame"], root["last_frame"], root["fps"]) == ("1001", "1020", "23.97602398")
    assert root["format"] == "2048 1556 0 0 2048 1556 2 reel"


def test_paths_lead_from_the_script(nodes: dict[str, Node]) -> None:
    paths = {name: node.knobs["file"] for name, node in nodes.items() if "file" in node.knobs}
    assert all(path.startswith(HERE) for path in paths.values())
    ends = {name: path.removeprefix(HERE) for name, path in paths.items()}
    assert ends == {
        "ReadOriginal": SCAN.replace("[", "\\["),
        "Original": "from-log.clf",
        "ReadRecovered1": "../masters/reel_s001.%07d.exr",
        "ReadRecovered2": "../masters/reel_s002.%07d.exr",
        "Recovered": "a.clf",
        "Lut": "../luts/reel-33.cube",
        "Reference1": "../dvd.mov",
    }
    assert PurePosixPath(ends["Lut"]).suffix == ".cube"


def test_each_shot_of_the_masters_is_shown_from_its_first_frame(nodes: dict[str, Node]) -> None:
    masters = nodes["Masters"]
    assert masters.knobs["which"] == "{curve K x1001 0 x1011 1}"
    assert [node.name for node in masters.inputs] == ["ReadRecovered1", "ReadRecovered2"]
    assert [one.name for one in nodes["Recovered"].inputs] == ["Masters"]


def test_the_merge_takes_luma_of_the_original_and_chroma_of_the_masters(
    nodes: dict[str, Node],
) -> None:
    copy = nodes["LumaToMasters"]
    assert [one.name for one in copy.inputs] == ["Chroma", "Luma"]
    assert [one.inputs[0].name for one in copy.inputs] == ["Recovered", "Original"]
    assert (copy.knobs["from0"], copy.knobs["to0"]) == ("rgba.red", "rgba.red")
    to_ycbcr, to_rgb = (
        np.array([[float(n) for n in row.split()] for row in words(nodes[name].knobs["matrix"])])
        for name in ("Luma", "Rebuilt")
    )
    np.testing.assert_allclose(to_rgb @ to_ycbcr, np.eye(3), atol=1e-8)
    np.testing.assert_allclose(to_ycbcr @ [1, 1, 1], [1, 0, 0], atol=1e-8)
    np.testing.assert_allclose(to_ycbcr[0], [0.2126, 0.7152, 0.0722], atol=1e-9)


def test_wipe_difference_and_lut_read_what_they_show(nodes: dict[str, Node]) -> None:
    inputs = {name: [one.name for one in node.inputs] for name, node in nodes.items()}
    assert inputs["Wipe"] == ["Recovered", "Original", "WipeMask"]
    assert inputs["Difference"] == ["Recovered", "Rebuilt"]
    assert inputs["Lut"] == inputs["LiveArea"] == ["Original"]
    shown = ["Wipe", "Recovered", "Original", "Rebuilt", "Difference", "Lut", "Reference1"]
    assert inputs["Viewer1"] == shown


def test_lines_of_the_live_area_count_from_the_bottom(nodes: dict[str, Node]) -> None:
    assert nodes["LiveArea"].knobs["box"] == "10 50 2010 1550"


def test_frames_of_a_movie_count_from_one_in_nuke(nodes: dict[str, Node]) -> None:
    movie = nodes["Reference1"].knobs
    assert (movie["first"], movie["last"], movie["frame"]) == ("1", "10", "frame+1")


def test_footage_of_the_working_space_is_not_converted() -> None:
    one = Footage("../masters/reel.%07d.exr", FRAMES, None)
    nodes = nodes_of(nuke_script(content(masters=[one], original=one, references={})))
    assert nodes["Recovered"].kind == "Switch"
    assert nodes["Original"].kind == "Read"
