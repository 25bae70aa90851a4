"""Limits of the code: sizes of modules and functions, names used once, no import circles."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import grimp
import pytest

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "src/unfade"
MAX_MODULE_LINES = 400
"""Lines, because a longer module has more than one subject."""
MAX_FUNCTION_LINES = 40
"""Lines without the docstring, because a function should fit on a screen."""
MAX_MEDIAN_FUNCTION_LINES = 8
"""Lines without the docstring."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, str]:
    """The source of each module by its path in the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8") for file in files}


def functions() -> Iterator[tuple[str, int]]:
    """The name of each function, with its number of lines without the docstring."""
    for path, source in modules().items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, Function):
                yield f"{path}: {node.name}", _lines(node) - _docstring_lines(node)


def _lines(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def _docstring_lines(function: Function) -> int:
    return 0 if ast.get_docstring(function) is None else _lines(function.body[0])


def test_no_module_is_too_long() -> None:
    lengths = {path: len(source.splitlines()) for path, source in modules().items()}
    assert not {path for path, lines in lengths.items() if lines > MAX_MODULE_LINES}


def test_no_function_is_too_long() -> None:
    assert not {name for name, lines in functions() if lines > MAX_FUNCTION_LINES}


def test_most_functions_are_short() -> None:
    assert median(lines for _, lines in functions()) <= MAX_MEDIAN_FUNCTION_LINES


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path, source in modules().items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_helper_of_the_tests_is_defined_twice() -> None:
    """Helpers with equal bodies belong in tests/fixtures.py or in the conftest.py of a folder."""
    places = defaultdict(list)
    for file in sorted(TESTS.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("test_"):
                has_docstring = ast.get_docstring(node) is not None
                body = "\n".join(map(ast.unparse, node.body[has_docstring:]))
                places[body].append(f"{file.relative_to(TESTS)}: {node.name}")
    assert not [names for names in places.values() if len(names) > 1]


def rooms(graph: grimp.ImportGraph, package: str) -> list[str]:
    """The sub-packages of a package."""
    return [child for child in sorted(graph.find_children(package)) if graph.find_children(child)]


def circle(graph: grimp.ImportGraph, package: str) -> list[str]:
    """A circle of imports between the sub-packages of a package; empty if there is none."""
    inside = rooms(graph, package)
    imports = {
        room: [
            other
            for other in inside
            if other != room
            and graph.direct_import_exists(importer=room, imported=other, as_packages=True)
        ]
        for room in inside
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return [str(room) for room in error.args[1]]
    return []


@pytest.fixture
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("unfade", cache_dir=None)


def test_no_rooms_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    assert {"unfade.curate", "unfade.media"} <= {*rooms(graph, "unfade")}
    for package in sorted(graph.modules):
        assert not circle(graph, package)


def test_a_planted_circle_is_found(graph: grimp.ImportGraph) -> None:
    graph.add_import(importer="unfade.color.ycbcr", imported="unfade.media.probe")
    assert {"unfade.color", "unfade.media"} <= {*circle(graph, "unfade")}
