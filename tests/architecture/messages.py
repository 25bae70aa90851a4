"""Every sentence that a user can meet, found in the syntax trees of the package.

A sentence with values in it is a template: ``{path}: is a folder; name a film.toml``. Its parts are
followed to constants, to local variables, and to functions that return sentences.

If a change of a message is intended, read its new line, then write the list again:

    python tests/architecture/messages.py
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby, product
from pathlib import Path

GOLDEN_FILE = Path(__file__).parents[1] / "golden/messages.txt"
PACKAGE = Path(__file__).parents[2] / "src/unfade"

MAX_TEMPLATES = 32
"""Templates of one message, above which a part stays a placeholder."""
MAX_DEPTH = 6
"""Calls and variables followed one inside the other; a sentence of people needs fewer."""
MIN_WORDS = 3
"""Words from which a part of a message is written out; shorter ones, such as units and counts, stay
placeholders, which are easier to read."""

FAILURES = "commands/failures.py"
ANSWERS = ("PlainTextResponse", "JSONResponse", "HTTPException")
"""Classes of the studio whose texts a browser shows."""
LISTS = {"fault": "VerificationError", "remark": "remark"}
"""Words in the names of functions and lists that hold sentences, and the kind of these."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Templates = list[str] | None
"""What a part of a message can be; None if it is no text that can be followed."""


@dataclass(frozen=True, order=True)
class Message:
    """A template, the module that shows it, and its kind: the class of the error, ``ValueError``
    for a part of an error, ``say``, ``print``, ``answer`` of the studio, or ``failure``."""

    module: str
    kind: str
    template: str

    def shown(self) -> str:
        """The template on one line."""
        return self.template.replace("\n", "\\n")


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its module, function and class, and what the parameters of the
    function are, if a call is followed."""

    module: "Module"
    function: FunctionNode | None = None
    owner: ast.ClassDef | None = None
    arguments: Mapping[str, list[str]] = field(default_factory=dict)
    depth: int = 0


@dataclass
class Module:
    """A module of the package: its path in it, its syntax tree, and the nodes inside each function
    and class."""

    path: str
    tree: ast.Module

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """The module and the name there of each name that is imported from the package."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unfade"):
                folder = (node.module or "").removeprefix("unfade").lstrip(".").replace(".", "/")
                found |= {one.asname or one.name: (folder, one.name) for one in node.names}
        return found

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The values of the names that the module assigns."""
        return {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def scopes(self) -> Iterator[tuple[ast.AST, Scope]]:
        """Every node with where it stands."""

        def inside(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
            for child in ast.iter_child_nodes(node):
                yield child, scope
                deeper = scope
                if isinstance(child, FunctionNode):
                    deeper = Scope(self, child, scope.owner)
                elif isinstance(child, ast.ClassDef):
                    deeper = Scope(self, None, child)
                yield from inside(child, deeper)

        yield from inside(self.tree, Scope(self))


class Package:
    """All modules of the package, and the messages in them."""

    def __init__(self, folder: Path = PACKAGE) -> None:
        files = sorted(folder.rglob("*.py"))
        self.modules = {
            path: Module(path, ast.parse(file.read_text(encoding="utf-8")))
            for file in files
            for path in [file.relative_to(folder).as_posix()]
        }
        self.functions: dict[str, list[Scope]] = defaultdict(list)
        self.calls: dict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        bases: dict[str, set[str]] = {}
        for module in self.modules.values():
            for node, scope in module.scopes():
                if isinstance(node, FunctionNode):
                    self.functions[node.name].append(Scope(module, node, scope.owner))
                elif isinstance(node, ast.ClassDef):
                    bases[node.name] = {_last_name(base) for base in node.bases}
                elif isinstance(node, ast.Call):
                    self.calls[_last_name(node.func)].append((node, scope))
        self.errors = _derived("UnfadeError", bases)
        self.parts = _derived("ValueError", bases)

    def messages(self) -> tuple[list[Message], list[str]]:
        """Every message in order, and the places of those that cannot be followed to a text."""
        found, unresolved = set(), set()
        for kind, node, scope in self._spoken():
            templates = self.templates(node, scope) or self._of_callers(node, scope)
            for template in templates or ["{" + _source(node) + "}"]:
                if template.startswith("{") and literal(template) == "{}":
                    unresolved.add(f"{scope.module.path}: {kind}: {_source(node)}")
                else:
                    found.add(Message(scope.module.path, kind, template))
        return sorted(found), sorted(unresolved)

    def _spoken(self) -> Iterator[tuple[str, ast.expr, Scope]]:
        """The expression of every message, with its kind."""
        kinds = {name: name for name in self.errors | self.parts} | {"say": "say"}
        for name, calls in self.calls.items():
            for call, scope in calls:
                is_command = scope.module.path.startswith("commands/")
                if not call.args or isinstance(call.args[0], ast.List):
                    continue
                if name in kinds:
                    yield kinds[name], call.args[0], scope
                elif name == "tell" and is_command and scope.module.path != FAILURES:
                    yield "print", call.args[0], scope
                elif name in ANSWERS:
                    yield from (("answer", text, scope) for text in _texts_of_answer(name, call))
        yield from self._failures()
        for module in self.modules.values():
            for node, scope in module.scopes():
                yield from ((kind, text, scope) for kind, text in _listed(node, scope.function))

    def _failures(self) -> Iterator[tuple[str, ast.expr, Scope]]:
        """What the functions of the last resort return."""
        for node, scope in self.modules[FAILURES].scopes():
            if isinstance(node, ast.Return) and isinstance(node.value, ast.expr):
                value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
                if any("unfade: " in text for text in self.templates(value, scope) or []):
                    yield "failure", value, scope

    def _of_callers(self, node: ast.expr, scope: Scope) -> Templates:
        """What the callers of a function pass for a parameter that is the whole message."""
        if scope.function is None or not isinstance(node, ast.Name):
            return None
        names = [one.arg for one in scope.function.args.args if one.arg not in ("self", "cls")]
        if node.id not in names or len(self.functions[scope.function.name]) > 1:
            return None
        found = []
        for call, place in self.calls[scope.function.name]:
            arguments = dict(zip(names, call.args, strict=False))
            arguments |= {one.arg: one.value for one in call.keywords if one.arg}
            if node.id in arguments:
                found += self.templates(arguments[node.id], place) or []
        return found or None

    def templates(self, node: ast.expr, scope: Scope) -> Templates:
        """What an expression can be, if it is a text."""
        if scope.depth > MAX_DEPTH:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return _joined([self._part(part, scope) for part in parts])
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                if self.templates(left, scope) or self.templates(right, scope):
                    return _joined([self._part(left, scope), self._part(right, scope)])
            case ast.IfExp(body=body, orelse=other):
                return self._any_of([body, other], scope)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._any_of(values, scope)
            case ast.Name(id=name):
                return self._named(name, scope)
            case ast.Subscript(value=ast.Name(id=name)):
                return self._values_of(name, scope)
            case ast.Call(func=ast.Name(id="str"), args=[inner]):
                return self.templates(inner, scope)
            case ast.Call():
                return self._returned(node, scope)
        return None

    def _any_of(self, nodes: Sequence[ast.expr], scope: Scope) -> Templates:
        found = [text for node in nodes if not _is_none(node) for text in self._part(node, scope)]
        return found if any(_words(text) or "{" not in text for text in found) else None

    def _part(self, node: ast.expr, scope: Scope) -> list[str]:
        """A part of a message: written out if it is words, else a placeholder."""
        inner = node.value if isinstance(node, ast.FormattedValue) else node
        found = self.templates(inner, scope)
        is_clear = found is not None and (
            isinstance(inner, ast.Constant | ast.JoinedStr | ast.IfExp | ast.BinOp)
            or (len(found) == 1 and "{" not in found[0])
            or any(_words(text) >= MIN_WORDS for text in found)
        )
        if found is not None and is_clear and len(found) <= MAX_TEMPLATES:
            return found
        suffix = (
            "!r" if isinstance(node, ast.FormattedValue) and node.conversion == ord("r") else ""
        )
        return ["{" + _source(inner) + suffix + "}"]

    def _named(self, name: str, scope: Scope) -> Templates:
        """The texts of a variable, a parameter of a followed call, or a constant."""
        if name in scope.arguments:
            return scope.arguments[name]
        if scope.function is not None:
            values = list(_assigned(name, scope.function))
            if values:
                deeper = _deeper(scope)
                found = [
                    text
                    for value in values
                    for text in (self.templates(value, deeper) if value else None)
                    or ["{" + name + "}"]
                ]
                return None if found == ["{" + name + "}"] * len(found) else found
        constant, place = self._constant(name, scope.module)
        return None if constant is None else self.templates(constant, _deeper(place))

    def _values_of(self, name: str, scope: Scope) -> Templates:
        """The texts in a dictionary of constants."""
        constant, place = self._constant(name, scope.module)
        if not isinstance(constant, ast.Dict):
            return None
        found = [text for value in constant.values for text in self.templates(value, place) or []]
        return list(dict.fromkeys(found)) or None

    def _constant(self, name: str, module: Module) -> tuple[ast.expr | None, Scope]:
        if name in module.imports:
            folder, name = module.imports[name]
            module = self._module(folder) or module
        return module.constants.get(name), Scope(module)

    def _module(self, folder: str) -> Module | None:
        return self.modules.get(f"{folder}.py") or self.modules.get(f"{folder}/__init__.py")

    def _returned(self, call: ast.Call, scope: Scope) -> Templates:
        """The texts that a function of the package returns."""
        place = self._called(call.func, scope)
        if place is None or place.function is None or not _returns_text(place.function):
            return None
        if any(_last_name(one.func) == place.function.name for one in _calls_in(place.function)):
            return None
        arguments = {}
        names = [one.arg for one in place.function.args.args if one.arg not in ("self", "cls")]
        given = dict(zip(names, call.args, strict=False))
        given |= {one.arg: one.value for one in call.keywords if one.arg}
        for name, value in given.items():
            arguments[name] = self._part(value, _deeper(scope))
        inside = Scope(place.module, place.function, place.owner, arguments, scope.depth + 1)
        found = []
        for node in ast.walk(place.function):
            if isinstance(node, ast.Return | ast.Yield) and not _is_none(node.value):
                found += self._part(node.value, inside)
        return found if any(_words(text) for text in found) else None

    def _called(self, function: ast.expr, scope: Scope) -> Scope | None:
        """The function that a call means, if it is one of the package."""
        name = _last_name(function)
        candidates = self.functions.get(name, [])
        if isinstance(function, ast.Name):
            module = scope.module
            if name in module.imports:
                module = self._module(module.imports[name][0]) or module
            own = [one for one in candidates if one.module is module]
            return own[0] if own else (candidates[0] if len(candidates) == 1 else None)
        own = [one for one in candidates if one.owner is scope.owner and scope.owner is not None]
        if isinstance(function, ast.Attribute) and _source(function.value) == "self" and own:
            return own[0]
        return candidates[0] if len(candidates) == 1 else None


def _derived(root: str, bases: Mapping[str, set[str]]) -> set[str]:
    """A class and all classes that are derived from it, by name."""
    found = {root}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def _deeper(scope: Scope) -> Scope:
    return Scope(scope.module, scope.function, scope.owner, scope.arguments, scope.depth + 1)


def _assigned(name: str, function: FunctionNode) -> Iterator[ast.expr | None]:
    """Every value that a function assigns to a variable; None for one that is not followed."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                for index, one in enumerate(targets):
                    if isinstance(one, ast.Name) and one.id == name:
                        yield value.elts[index] if isinstance(value, ast.Tuple) else None
            case ast.For(target=target) | ast.comprehension(target=target):
                if any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(target)):
                    yield None


def _is_none(node: ast.AST | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _joined(parts: Sequence[list[str]]) -> Templates:
    """All combinations of the parts; parts with several texts are shortened if there are many."""
    found = ["".join(one) for one in product(*parts)]
    return found if len(found) <= MAX_TEMPLATES else None


def _texts_of_answer(name: str, call: ast.Call) -> Iterator[ast.expr]:
    """The text of an answer of the studio: its first argument, or the value of "error"."""
    first = call.args[0]
    if isinstance(first, ast.Dict):
        for key, value in zip(first.keys, first.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "error":
                yield value
    elif name == "PlainTextResponse":
        yield first
    elif name == "HTTPException" and len(call.args) > 1:
        yield call.args[1]


def _listed(node: ast.AST, function: FunctionNode | None) -> Iterator[tuple[str, ast.expr]]:
    """The sentences that a node adds to a list of faults or remarks, with their kind."""
    texts: list[ast.expr] = []
    name = "" if function is None else function.name
    match node:
        case ast.Call(func=ast.Attribute(attr="append", value=ast.Name(id=name)), args=arguments):
            texts = arguments
        case ast.Call(func=ast.Name(id="VerificationError"), args=[ast.List(elts=elements)]):
            name, texts = "faults", elements
        case ast.Call(func=ast.Name(id="_raise"), args=[ast.ListComp(elt=element)]):
            name, texts = "faults", [element]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            texts = elements
        case ast.ListComp(elt=element) | ast.Yield(value=ast.expr() as element):
            texts = [element]
    kinds = [kind for word, kind in LISTS.items() if word in name]
    for text in texts:
        is_text = isinstance(text, ast.JoinedStr) or isinstance(getattr(text, "value", None), str)
        if kinds and is_text and len(ast.unparse(text).split()) > MIN_WORDS:
            yield kinds[0], text


def _calls_in(function: FunctionNode) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _returns_text(function: FunctionNode) -> bool:
    return function.returns is not None and ast.unparse(function.returns) in (
        "str",
        "str | None",
        "Iterator[str]",
    )


def _last_name(node: ast.expr) -> str:
    return {ast.Name: "id", ast.Attribute: "attr"}.get(type(node), "") and (
        node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    )


def _source(node: ast.expr) -> str:
    """The code of a placeholder; braces inside are left out."""
    return ast.unparse(node).translate({ord("{"): None, ord("}"): None})


def literal(template: str) -> str:
    """A template without what its placeholders hold."""
    text, depth = "", 0
    for letter in template:
        depth -= letter == "}"
        text += letter if depth == 0 else ""
        depth += letter == "{"
    return text


def _words(template: str) -> int:
    return len([word for word in literal(template).split() if any(map(str.isalpha, word))])


def text_of(messages: Sequence[Message]) -> str:
    """The messages by module, one a line."""
    lines = []
    for module, some in groupby(messages, key=lambda one: one.module):
        lines += [module, *(f"    {one.kind}: {one.shown()}" for one in some), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    GOLDEN_FILE.write_text(text_of(Package().messages()[0]), encoding="utf-8")
