"""Reads one YAML document, with the line of every value, and knows nothing about scenarios.

PyYAML's events are read one at a time, so that a hostile file is refused before it can use much memory: deep nesting (which
crashes the C composer), aliases that expand without end, and tags that call code. Plain scalars mean what people expect:
`1e3` is 1000, `017` is 17, `1:30` is a text, and `no` is a word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from terrain_cli.errors import InputError
from terrain_cli.text import shorten

DEPTH = 32  # levels of nesting; a scenario needs five
EXPANDED = 250_000  # values that aliases may add in total
VALUES = 600_000  # keys and values of a document: 120,000 strips, or 770 by 770 cells, which take seconds to read

NUMBER = re.compile(r"[-+]?(\d+(_\d+)*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
NOT_FINITE = re.compile(r"[-+]?\.?(inf|infinity|nan)", re.IGNORECASE)
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
NO_KEYS: dict[str, int] = {}  # of a value that is no mapping


@dataclass(slots=True)
class Node:
    """A value in a document.

    line: where it starts. value: a dict or list of nodes, or a scalar. text: a scalar as it was written. size: the number of
    values in it. height: its levels of nesting. key_lines: the line of each key of a dict.
    """

    line: int
    value: Any
    text: str | None = None
    size: int = 1
    height: int = 1
    key_lines: dict[str, int] = field(default_factory=lambda: NO_KEYS)

    def plain(self) -> Any:
        """The value without its lines: dicts, lists, texts, floats, booleans, None."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, path: tuple[str | int, ...]) -> "tuple[Node, bool]":
        """The node at `path` and True, or the last existing node on the way there and False."""
        node = self
        for key in path:
            inside: Any = node.value
            present = (
                key in inside if isinstance(inside, dict) else isinstance(inside, list) and key in range(len(inside))
            )
            if not present:
                return node, False
            node = inside[key]
        return node, True


def read_document(data: bytes, name: str) -> Node:
    """The document in `data`. Raises InputError, which gives the line and calls the file `name`."""
    try:
        text = data.decode().lstrip("\ufeff")
    except UnicodeDecodeError as problem:
        line = _count_breaks(data[: problem.start].decode()) + 1
        found = f"byte 0x{data[problem.start]:02x}"
        raise InputError(f"{name}:{line}: is not UTF-8 text ({found}): save it as UTF-8") from None
    builder = _Builder(name, text)
    try:
        return builder.build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.reader.ReaderError as problem:
        libyaml = hasattr(yaml, "CSafeLoader")  # it counts the bytes of UTF-8
        line = _count_breaks(text.encode()[: problem.position].decode() if libyaml else text[: problem.position]) + 1
        code = problem.character if isinstance(problem.character, int) else ord(problem.character)
        raise InputError(f"{name}:{line}: has a character that YAML does not allow, U+{code:04X}: remove it") from None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        if "nesting depth" in str(problem.problem):  # libyaml 0.2.6 and later read ahead and have their own limit
            raise builder.too_deep(builder.find_line(mark)) from None
        where = f"{name}:{builder.find_line(mark)}" if mark else name
        what = "; ".join(part for part in (problem.context, problem.problem) if part)
        raise InputError(f"{where}: is not valid YAML: {what}") from None


def _count_breaks(text: str, start: int = 0, end: int | None = None) -> int:
    """The number of line breaks in a part of the text, as editors count them: YAML has three more, such as U+2028."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


class _Builder:
    """Builds nodes from events, without recursion."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.at, self.line = 0, 1  # a place in the text, in characters, and the number of its line
        self.anchors: dict[str, Node | None] = {}
        self.added = self.read = 0

    def find_line(self, mark: Any) -> int:
        """The number of the line of a mark of PyYAML, or of the last one for None; quick if the marks come in their order."""
        if mark is not None:
            start, end = sorted((self.at, mark.index))
            breaks = _count_breaks(self.text, start, end)
            self.line += breaks if mark.index == end else -breaks
            self.at = mark.index
        return self.line

    def fail(self, line: int, problem: str) -> InputError:
        return InputError(f"{self.name}:{line}: {problem}")

    def too_deep(self, line: int) -> InputError:
        return self.fail(line, f"is nested more than {DEPTH} levels deep: a scenario needs only a few")

    def build(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        open_nodes: list[tuple[Node, str | None, str | None]] = []  # node, its anchor, the key without a value so far
        documents = 0
        for event in events:
            line = self.find_line(event.start_mark)
            if isinstance(event, yaml.NodeEvent):
                node = self._start(event, line)
                if isinstance(event, yaml.CollectionStartEvent):
                    if len(open_nodes) >= DEPTH:
                        raise self.too_deep(line)
                    open_nodes.append((node, event.anchor, None))
                else:
                    root = self._place(node, open_nodes) or root
            elif isinstance(event, yaml.CollectionEndEvent):
                node, anchor, _ = open_nodes.pop()
                if anchor:
                    self.anchors[anchor] = node
                root = self._place(node, open_nodes) or root
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.fail(line, "a second document starts here (---): keep one scenario in a file")
        if root is None:
            raise self.fail(1, "is empty: `terrain new PATH` writes a scenario to start from")
        return root

    def _start(self, event: yaml.NodeEvent, line: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._repeat(str(event.anchor), line)
        tag = getattr(event, "tag", None)  # missing in PyYAML's type stubs
        if tag is not None:
            raise self.fail(line, f"has the tag {shorten(str(tag))}; scenarios have only plain values: remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            node = Node(line, _scalar(event), event.value)
            if event.anchor:
                self.anchors[event.anchor] = node
            return node
        if event.anchor:
            self.anchors[event.anchor] = None
        return Node(line, {}, key_lines={}) if isinstance(event, yaml.MappingStartEvent) else Node(line, [])

    def _repeat(self, anchor: str, line: int) -> Node:
        """The node with an anchor, for an alias."""
        target = self.anchors.get(anchor)
        if target is None:
            inside = "is inside the value that it repeats"
            what = inside if anchor in self.anchors else "repeats a value that has no anchor"
            raise self.fail(line, f"*{shorten(anchor)} {what}: write the value out")
        self.added += target.size
        if self.added > EXPANDED:
            raise self.fail(line, f"aliases expand to more than {EXPANDED:,} values: write them out")
        return replace(target, line=line)

    def _place(self, node: Node, open_nodes: list[tuple[Node, str | None, str | None]]) -> Node | None:
        """Add `node` to the innermost open node. Returns it if it is the root."""
        self.read += 1
        if self.read > VALUES:
            remedy = "keep the speeds of a large map in a .npy file, and the cases of a batch in a .jsonl file"
            raise self.fail(node.line, f"has more than {VALUES:,} keys and values: {remedy}")
        if not open_nodes:
            return node
        parent, anchor, key = open_nodes[-1]
        parent.size += node.size
        if parent.height <= node.height:
            parent.height = node.height + 1
        if len(open_nodes) + node.height > DEPTH:
            raise self.too_deep(node.line)
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif key is None:
            if node.text is None:
                raise self.fail(
                    node.line,
                    "a key must be a word, got a list or a mapping: quote it, or put a value before the colon",
                )
            if node.text in parent.value:
                first = parent.key_lines[node.text]
                raise self.fail(
                    node.line, f"the key {shorten(node.text)} is given twice, here and in line {first}: keep one"
                )
            parent.key_lines[node.text] = node.line
            open_nodes[-1] = (parent, anchor, node.text)
        else:
            parent.value[key] = node
            open_nodes[-1] = (parent, anchor, None)
        return None


def _scalar(event: yaml.ScalarEvent) -> Any:
    """The number, boolean, None or text that a scalar means; a quoted scalar is a text."""
    if event.style is not None and event.style not in ("", ":"):
        return event.value
    text: str = event.value
    if NUMBER.fullmatch(text):
        return float(text)
    if NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return WORDS.get(text.lower() if text not in ("~", "") else text, text)
