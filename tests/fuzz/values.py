"""Values that go into inputs, the text they become, and mutations of both."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]  # a value of the strategy


class Raw(NamedTuple):
    """A text that is written as it is, where a value would be."""

    text: str


class Pairs(NamedTuple):
    """A mapping in which a key may occur twice."""

    items: list[tuple[Any, Any]]


# Numbers and other scalars that a file of any format may have in place of a number.
EXTREMES = [
    Raw(text)
    for text in (
        *("1e308", "1.8e308", "1e400", "-1e400", "5e-324", "1e-50", "9.9e-51", "1e50", "1.1e50", "1e51", "-0.0", "0", "-1", "1"),
        *("nan", ".nan", "NaN", "inf", ".inf", "-.inf", "Infinity", "-Infinity", "9" * 400, "9007199254740993", "0.1" * 30, "1_000"),
        *("0x10", "0o7", "017", "1:30", "+1", ".5", "5.", "1e", "--1", "1,5", "1 2", "１", "true", "null", "~", "", "''", "[]", "{}"),
        *('"10"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"a\\rb"', "abc", "2024-01-01", "&a 3", "*a", "!!float 3", "!!str 3"),
        *("!!python/object/apply:os.getcwd []", "!x 1", "<<", "? 1", "- 1", "[1, [2, [3]]]", "{a: 1}", "#", "|", ">", "@", "`", "%"),
    )
]  # fmt: skip
# What is inserted into a text, or put at an end of it.
TOKENS = [
    *(b"\0", b"\t", b"\r", b"\r\n", b"\n", b"\n\n", b" ", b"\xff", b"\x80", b"\xc3", b"\x1b[31m", b"\x07", b"\x7f", b"\xef\xbb\xbf"),
    *(b"{", b"}", b"[", b"]", b":", b": ", b",", b";", b"#", b" #", b'"', b"'", b"|", b">", b"- ", b"? ", b"&a ", b"*a", b"<<: *a\n"),
    *(b"!!int ", b"!t ", b"%YAML 1.1\n", b"---\n", b"...\n", b"@", b"`", b"-", b".", b"e", b"nul", b"\\", b"\\u0000", b"\xe2\x80\xa8"),
    *(b"\xc2\x85", b"\xe2\x80\xae", b"\xcc\x81", b"\xf0\x9f\x98\x80", "山".encode()),
]  # fmt: skip
NOT_FINITE_WORDS = ("nan", "inf")  # not in a name, so that they can be looked for in what is printed


def _log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: float(f"{10.0**x:.6g}"))


# A length or a speed that a scenario accepts: mostly of one order of magnitude, now and then of any.
positive = st.one_of(
    st.sampled_from([1.0, 10.0, 0.5, 0.7, 0.3]), _log_uniform(0.1, 10), _log_uniform(0.1, 10), _log_uniform(1e-6, 1e6)
)
any_positive = _log_uniform(1.01e-50, 0.99e50)
number = st.one_of(positive, positive.map(lambda x: -x), st.just(0.0), st.just(20), st.just(-0.0))
texts = st.text(st.characters(codec="utf-8"), max_size=12).filter(
    lambda text: not any(word in text.lower() for word in NOT_FINITE_WORDS)
)
plain_texts = st.one_of(
    st.sampled_from(["a", "bog", "Straße", "山", "a,b", 'say "x"', "x; y", "=1+1", "#1", "é" * 20, "two words"]),
    texts.filter(lambda text: text.isprintable()),
)


def mostly(draw: Draw, percent: int) -> bool:
    """True in about this share of the tries. A minimised try has True."""
    return bool(draw(st.integers(0, 99)) < percent)


def pick_size(draw: Draw) -> st.SearchStrategy[Any]:
    """Widths and speeds as people have them, or now and then any that are allowed."""
    return positive if mostly(draw, 92) else any_positive


def pick(draw: Draw, *choices: Any) -> Any:
    """One of the choices. A minimised try has the first."""
    return draw(st.sampled_from(choices))


def write(value: Any) -> str:
    """The value as JSON, which is YAML as well, except for what is raw."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Pairs | dict):
        items = value.items if isinstance(value, Pairs) else list(value.items())
        return "{" + ", ".join(f"{write(key)}: {write(item)}" for key, item in items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def write_block(value: Any) -> str:
    """The value as YAML, with a line for each key on top."""
    if not isinstance(value, Pairs | dict) or not (
        items := value.items if isinstance(value, Pairs) else [*value.items()]
    ):
        return write(value) + "\n"
    return "".join(f"{key if isinstance(key, str) else write(key)}: {write(item)}\n" for key, item in items)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value inside a value."""
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*place, key)
        yield from _places(item, (*place, key))


def mutate(draw: Draw, value: Any) -> Any:
    """The value with one thing changed somewhere in it: missing, twice, under another name, extreme, or of another shape."""
    places = list(_places(value))
    if not places:
        return draw(st.sampled_from(EXTREMES))
    return _change(draw, value, places[draw(st.integers(0, len(places) - 1))])


def _change(draw: Draw, value: Any, place: tuple[Any, ...]) -> Any:
    key, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _change(draw, copy[key], tuple(rest))
        return copy
    how = pick(draw, "extreme", "extreme", "extreme", "delete", "twice", "rename", "wrap", "negate")
    if how == "extreme":
        # A count of iterations must not ask for hours.
        copy[key] = draw(
            st.sampled_from(EXTREMES if key != "iterations" else [Raw("0"), Raw("-1"), Raw("1.5"), Raw("nan")])
        )
    elif how == "negate" and isinstance(copy[key], float):
        copy[key] = -copy[key]
    elif how == "wrap":
        copy[key] = pick(draw, [copy[key]], {"a": copy[key]}, [copy[key], copy[key]])
    elif how == "delete":
        del copy[key]
    elif isinstance(copy, list):
        copy.insert(key, copy[key])
    elif how == "twice":
        return Pairs([*copy.items(), (key, copy[key])])
    else:
        other = pick(
            draw, str(key) + "s", str(key)[:-1], str(key).upper(), " " + str(key), "x", Raw("1"), Raw("[1]"), Raw("~")
        )
        return Pairs([(other if name == key else name, item) for name, item in copy.items()])
    return copy


def mutate_text(draw: Draw, data: bytes, other: bytes = b"") -> bytes:
    """The bytes of a file with one thing changed. other: a second file to splice with."""
    how = pick(
        draw, "insert", "insert", "delete", "truncate", "crlf", "bom", "line twice", "ends", "splice", "cr", "utf-16", "latin-1", "flip",
    )  # fmt: skip
    here = draw(st.integers(0, len(data)))
    if how == "insert":
        return b"".join([data[:here], draw(st.sampled_from(TOKENS)), data[here:]])
    if how == "delete":
        return data[:here] + data[here + draw(st.integers(1, 8)) :]
    if how == "truncate":
        return data[:here]
    if how in ("crlf", "cr"):
        return data.replace(b"\n", b"\r\n" if how == "crlf" else b"\r")
    if how == "bom":
        return b"\xef\xbb\xbf" + data
    if how == "line twice":
        lines = data.splitlines(keepends=True)
        i = draw(st.integers(0, max(len(lines) - 1, 0)))
        return b"".join(lines[: i + 1] + lines[i:])
    if how == "ends":
        ends = draw(st.sampled_from([*TOKENS, b""])), draw(st.sampled_from([*TOKENS, b"\0" * 5000, b"\n" * 99]))
        return data.join(ends)
    if how == "splice":
        return data[:here] + other[draw(st.integers(0, len(other))) :]
    if how == "flip" and data:
        here = min(here, len(data) - 1)
        return data[:here] + bytes([data[here] ^ (1 << draw(st.integers(0, 7)))]) + data[here + 1 :]
    text = data.decode(errors="replace")
    return text.encode("utf-16" if how == "utf-16" else "latin-1", errors="replace")
