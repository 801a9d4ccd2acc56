"""YAML means what people expect, and hostile YAML is refused quickly and without using much memory."""

import subprocess
import sys
from typing import Any

import pytest

from terrain_cli.errors import InputError
from terrain_cli.scenario.document import read_document


def read(text: str | bytes) -> Any:
    return read_document(text if isinstance(text, bytes) else text.encode(), "f.yaml").plain()


def refusal(text: str | bytes) -> str:
    with pytest.raises(InputError) as refused:
        read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("017", 17.0),
        ("1:30", "1:30"),
        ("+3", 3.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1_000", 1000.0),
        ("1_", "1_"),
        ("0x10", "0x10"),
        ("1e", "1e"),
        ("1,000", "1,000"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("2024-01-01", "2024-01-01"),
        ("'12'", "12"),
        ('"12"', "12"),
        ("|\n  12", "12"),
        (".inf", float("inf")),
        ("-Infinity", float("-inf")),
        ("1e400", float("inf")),
        ("9" * 5000, float("inf")),
    ],
)
def test_scalars_are_what_people_mean(text: str, value: object) -> None:
    assert read(f"a: {text}") == {"a": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# é 山 𝄞\n# ü\nname: a\x07b\n", "f.yaml:3: has a character that YAML does not allow, U+0007: remove it"),
        ("# 山\r\n# ü\r\nname: a\x07b\r\n", "f.yaml:3: has a character"),
        ("# 山\r# ü\rname: a\x07b\r", "f.yaml:3: has a character"),
        ("\ufeff# 山\n" * 2 + "\x00", "f.yaml:3: has a character that YAML does not allow, U+0000"),
        ("# é\r\n# 山\r\nb".encode() + b"\xff", "f.yaml:3: is not UTF-8 text (byte 0xff)"),
        ("# é\r# 山\rb".encode() + b"\xff", "f.yaml:3: is not UTF-8 text (byte 0xff)"),
        ("# é\na: 1\n\nb: [\n", "f.yaml:5: is not valid YAML"),
        # An editor shows no line break at these, although YAML has one there.
        ("# a\u2028\x85\u2029\nname: a\x07b\n", "f.yaml:2: has a character"),
        ("# a\u2028\x85\u2029\nb: ".encode() + b"\xff", "f.yaml:2: is not UTF-8 text"),
        ("# a\u2028\x85\u2029\r\n# b\u2028\ra: &a [*a]\n", "f.yaml:3: *a is inside"),
        ("a: 'b\u2028 c'\nd: \"e\x85 f\"\ng: h\u2029 i\nj: [", "f.yaml:4: is not valid YAML"),
        ("# a\u2028\n" + "[" * 100, "f.yaml:2: is nested more than 32 levels deep"),
        ("\ufeff\ufeff\na: 1\na: 2\n", "f.yaml:3: the key a is given twice, here and in line 2"),
    ],
)
def test_problems_after_other_letters_have_the_right_line(text: str | bytes, message: str) -> None:
    assert refusal(text).startswith(message)


def test_not_a_number() -> None:
    value = read("a: .nan")["a"]
    assert value != value


def test_lines_are_known() -> None:
    node = read_document(b"a:\n  - 1\n  - {b: 2,\n     c: 3}\n", "f.yaml")
    assert node.find(("a", 1, "c"))[0].line == 4
    assert node.find(("a", 1, "missing")) == (node.find(("a", 1))[0], False)
    assert node.find(("a", 9)) == (node.find(("a",))[0], False)
    assert node.value["a"].value[1].key_lines == {"b": 3, "c": 4}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(end: str) -> None:
    text = end.join(["# a\u2028# b\x85", "", "a: 'x\u2029 y'", "b:", "  - {c: |", "", "d: 1"]).replace(
        "{c: |", "c: |\u2028     e"
    )
    node = read_document(text.encode(), "f.yaml")
    assert node.key_lines == {"a": 3, "b": 4, "d": 7}
    assert node.value["b"].value[0].key_lines == {"c": 5}


def test_aliases_repeat_values() -> None:
    assert read("a: &x {b: 1}\nc: [*x, *x]") == {"a": {"b": 1.0}, "c": [{"b": 1.0}, {"b": 1.0}]}


def test_a_byte_order_mark_is_no_key() -> None:
    assert read("\ufeffa: 1") == {"a": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1: is empty: `terrain new PATH` writes a scenario to start from"),
        ("# only a comment\n", "f.yaml:1: is empty"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: the key a is given twice, here and in line 1: keep one"),
        ("a: 1\n---\nb: 2", "f.yaml:2: a second document starts here (---): keep one scenario in a file"),
        (
            "a: !!python/object/apply:os.system [ls]",
            "f.yaml:1: has the tag tag:yaml.org,2002:python/object/apply:os.system",
        ),
        ("a: 1\nb: !x 2", "f.yaml:2: has the tag !x"),
        ("a: &x [*x]", "f.yaml:1: *x is inside the value that it repeats"),
        ("a: *y", "f.yaml:1: *y repeats a value that has no anchor"),
        ("? [1]\n: 2", "f.yaml:1: a key must be a word"),
        ("a: [1,\nb", "is not valid YAML: while parsing a flow sequence"),
        ("a:\n\t- b", "f.yaml:2: is not valid YAML"),
        ("a: 1\n  b: 2", "is not valid YAML"),
        (b"a: 1\nb: \xff", "f.yaml:2: is not UTF-8 text (byte 0xff): save it as UTF-8"),
        (b"\xff\xfea\x00:\x00 \x001\x00", "f.yaml:1: is not UTF-8 text"),
        ("a: 1\nb: \x07", "f.yaml:2: has a character that YAML does not allow, U+0007: remove it"),
    ],
)
def test_refusals_name_line_and_remedy(text: str | bytes, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 100_000, "{a: " * 100_000, "a:\n" + " - " * 40 + "1"])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "is nested more than 32 levels deep" in refusal(text)


def test_nesting_through_aliases_is_refused() -> None:
    lines = ["a0: &a0 [1]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 3000)]
    assert "f.yaml:31: is nested more than 32 levels deep" in refusal("\n".join(lines))


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


def test_alias_bombs_are_refused() -> None:
    assert "aliases expand to more than 250,000 values: write them out" in refusal(bomb())


def test_hostile_files_take_little_memory() -> None:
    """In a separate process, which must not grow by more than 64 MiB."""
    code = (
        "import resource, sys\n"
        "from terrain_cli.scenario.document import read_document\n"
        "from terrain_cli.errors import InputError\n"
        "import yaml\n"
        "texts = [t.encode() for t in eval(sys.stdin.read())]\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for text in texts:\n"
        "    try: read_document(text, 'f'); print('accepted')\n"
        "    except InputError: pass\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    pytest.importorskip("resource")
    texts = repr([bomb(), "[" * 200_000, "{a: " * 100_000])
    done = subprocess.run([sys.executable, "-c", code], input=texts, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 64


def test_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML without libyaml gives the same values."""
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read("a: 1e3\nb: ['12', no]") == {"a": 1000.0, "b": ["12", "no"]}
    assert "is nested more than 32 levels deep" in refusal("[" * 1000)
    assert "U+0007" in refusal("a: \x07")
