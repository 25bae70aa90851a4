"""Hostile inputs: mutations of valid files."""

import json
import random
import re
import struct
from collections.abc import Callable, Sequence

Mutate = Callable[[bytes, random.Random], bytes]
"""Makes a hostile file of a valid one."""

MARKUP = "<img src=x onerror=alert(1)>"
"""Markup that no page may contain as such."""

_DEEP = 20_000
"""Depth of nesting, far beyond the interpreter's limit of recursion."""

_TEXTS = (
    "",
    "a",
    MARKUP,
    "\x1b[31mred\x1b]0;title\x07",
    "line\nbreak",
    "\u202ereversed",
    "\0",
    "\ud800",
    "x" * 70_000,
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "/",
    "..",
    "%n%s%099999999999d",
    "{0}{x.__class__}",
    "########" * 40,
    "(a+)+$" * 50,
    "ocio://default",
    "1e999999999",
    "99999999999/1",
    "00:00:00:00",
)
_NUMBERS: tuple[object, ...] = (
    0, 1, -1, 2, 255, 4096, 65_536, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 10**12, 10**30,
    -(10**30), 0.0, -0.0, 0.5, 1e-320, 1e308, -1e308, True, False, None,
)  # fmt: skip
_TOKENS = (
    "NaN",
    "-Infinity",
    "1e999",
    "9" * 5_000,
    "[" * _DEEP + "]" * _DEEP,
    '{"a":' * _DEEP + "1" + "}" * _DEEP,
    '"\\ud800"',
)
"""Texts of JSON that no dump of values writes."""
_TOML_TOKENS = (
    "nan", "-inf", "1e999", "9" * 5_000, "[" * _DEEP, "{a=" * 2_000, "0x" + "f" * 4_000,
    "1979-05-27T07:32:00Z", '"\\u202e\\u001b[31m"', "'''a\nb'''", '"\\ud800"',
    "a." * 5_000 + "b = 1",
)  # fmt: skip
_PLACE = "\ue000place\ue000"
"""A text that stands for a token until the values are dumped."""

_WORDS_BITS = (8, 16, 32, 64)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flipped bytes, other lengths, a cut end, a repeated or a missing part."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not content:
            return bytes(content)
        kind = rng.randrange(7)
        # Half of all changes fall into the first part, where headers lie.
        place = rng.randrange(min(len(content), 2048) if rng.random() < 0.6 else len(content))
        if kind == 0:
            content[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            content[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            bits = rng.choice(_WORDS_BITS)
            value = rng.choice((0, 1, 2**bits - 1, 2 ** (bits - 1), rng.getrandbits(bits), 10**6))
            order = rng.choice("<>")
            word = struct.pack(order + "Q", value % 2**bits)
            content[place : place + bits // 8] = (
                word[: bits // 8] if order == "<" else word[-bits // 8 :]
            )
        elif kind == 3:
            del content[place:]
        elif kind == 4:
            del content[place : place + rng.randrange(1, 64)]
        elif kind == 5:
            content[place:place] = content[place : place + rng.randrange(1, 256)]
        else:
            content[place:place] = rng.randbytes(rng.randrange(1, 32))
    return bytes(content)


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """A value, a key or a schema exchanged for a hostile one; now and then damaged bytes."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data, rng)
    if rng.random() < 0.1:
        return mutate_bytes(data, rng)
    tokens: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        fields = _with_change(fields, rng, tokens)
    text = json.dumps(fields)
    for token in tokens:
        text = text.replace(json.dumps(_PLACE), token, 1)
    return text.encode("utf-8", "surrogatepass")


def _with_change(value: object, rng: random.Random, tokens: list[str]) -> object:
    """A value with a change at a random place in it."""
    if isinstance(value, dict) and value and rng.random() < 0.95:
        key = rng.choice(list(value))
        rest = dict(value)
        kind = rng.random()
        if kind < 0.05:
            del rest[key]
        elif kind < 0.1:
            rest[rng.choice(_TEXTS)] = _hostile(rng, tokens)
        elif kind < 0.13:
            rest[rng.choice(_TEXTS)] = rest.pop(key)
        else:
            rest[key] = _with_change(rest[key], rng, tokens)
        return rest
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        kind = rng.random()
        if kind < 0.1:
            return value[:place]
        if kind < 0.2:
            return [*value, *value[place:]] * rng.choice((1, 1, 50))
        if kind < 0.25:
            return value[::-1]
        return [*value[:place], _with_change(value[place], rng, tokens), *value[place + 1 :]]
    return _hostile(rng, tokens, value)


def _hostile(rng: random.Random, tokens: list[str], like: object = None) -> object:
    kind = rng.random()
    if kind < 0.06:
        tokens.append(rng.choice(_TOKENS))
        return _PLACE
    if isinstance(like, str) and kind < 0.7:
        other = rng.choice(_TEXTS)
        return other if rng.random() < 0.7 else like + other
    if isinstance(like, int | float) and kind < 0.8:
        return rng.choice((*_NUMBERS, like + 1, like - 1, -like, like * 1000))
    return rng.choice((*_NUMBERS, *_TEXTS, [], {}, [[]], [None] * 1000, {"a": 1}))


def mutate_toml(data: bytes, rng: random.Random) -> bytes:
    """A value of film.toml exchanged for a hostile one, a line repeated, or damaged bytes."""
    if rng.random() < 0.15:
        return mutate_bytes(data, rng)
    lines = data.decode("utf-8", "replace").split("\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(len(lines))
        kind = rng.random()
        key, equals, _ = lines[place].partition("=")
        if equals and kind < 0.8:
            lines[place] = f"{key}= {_toml_value(rng)}"
        elif kind < 0.85:
            lines.insert(place, rng.choice(lines))
        elif kind < 0.9:
            del lines[place]
            lines = lines or [""]
        elif kind < 0.95:
            lines.insert(place, f"{json.dumps(rng.choice(_TEXTS))} = {_toml_value(rng)}")
        else:
            lines[place] = rng.choice(_TOML_TOKENS)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _toml_value(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(_TOML_TOKENS)
    if kind < 0.25:
        return f"[{', '.join(_toml_value(rng) for _ in range(rng.randrange(6)))}]"
    if kind < 0.3:
        return f"{{a = {_toml_value(rng)}}}"
    if kind < 0.65:
        text = json.dumps(rng.choice(_TEXTS), ensure_ascii=False)
        return re.sub(r"[\x00-\x1f]", lambda one: f"\\u{ord(one[0]):04x}", text)
    number = rng.choice(_NUMBERS)
    return str(number).lower() if number is not None else '"?"'


def mutate_part(mutators: Sequence[tuple[bytes, Mutate]]) -> Mutate:
    """Mutates what follows the first line, which names a file, by the end of that name."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        name, _, content = data.partition(b"\n")
        by_end = (one for end, one in mutators if name.endswith(end))
        return name + b"\n" + next(by_end, mutate_bytes)(content, rng)

    return mutate


def mutate_header(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file with a hostile header of the right length, or damaged bytes."""
    length = int.from_bytes(data[:8], "little")
    if rng.random() < 0.3 or not 0 < length <= len(data) - 8:
        return mutate_bytes(data, rng)
    header = data[8 : 8 + length]
    change = _with_inner_json if rng.random() < 0.4 else mutate_json
    header = change(header, rng)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def _with_inner_json(header: bytes, rng: random.Random) -> bytes:
    """The header with a hostile description, which is JSON in a text of JSON."""
    try:
        fields = json.loads(header)
        described = fields["__metadata__"]["unfade"]
        fields["__metadata__"]["unfade"] = mutate_json(described.encode(), rng).decode("utf-8")
        return json.dumps(fields).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return mutate_bytes(header, rng)
