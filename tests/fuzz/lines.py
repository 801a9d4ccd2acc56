"""Cases as JSON lines through `terrain batch`, and what holds for the results of cases in any format."""

import json
import math
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.bench import Bench
from tests.fuzz.oracle import Fault, Ran, check_best_time, numbers_in, read_json, read_rows
from tests.fuzz.values import EXTREMES, Draw, mostly, mutate, mutate_text, number, pick, pick_size, plain_texts, write

SIZES = (3, 2, 1, 5)
BOM = b"\xef\xbb\xbf"
IDS = st.one_of(
    plain_texts,
    st.integers(-(2**70), 2**70),
    st.sampled_from([None, True, 0.1, "", "a\rb", "a\nb", "\0", [1, {"a": []}]]),
)


def draw_case(draw: Draw) -> dict[str, Any]:
    """A valid case."""
    n = pick(draw, *SIZES)
    size = pick_size(draw)
    case: dict[str, Any] = {
        "widths": [draw(size) for _ in range(n)],
        "speeds": [draw(size) for _ in range(n)],
        "offset": draw(number),
    }
    if mostly(draw, 60):
        case["id"] = draw(IDS) if mostly(draw, 90) else draw(st.sampled_from(EXTREMES))
    return case


def draw_options(draw: Draw) -> tuple[list[str], str]:
    """Options of `terrain batch`, and the file that the results go to; "" for standard output."""
    options = ["--sensitivity"] if not mostly(draw, 80) else []
    output = pick(draw, "", "", "", "out.jsonl", "out.csv")
    if output:
        options += ["-o", output]
    elif not mostly(draw, 70):
        options += ["--csv"]
    return options, str(output)


def _draw_line(draw: Draw) -> bytes:
    case: Any = draw_case(draw)
    hostile = draw(st.integers(0, 99))
    if hostile >= 85:
        case = mutate(draw, case)
    line = str(write(case)).encode(errors="surrogatepass")
    if 78 <= hostile < 85 or hostile >= 98:
        line = mutate_text(draw, line, b'{"widths": [1], "speeds": [2], "offset": 3}')
    elif 74 <= hostile < 78:
        line = pick(
            draw, b"", b" ", b"\t", b"[]", b"{}", b"null", b"1", line + line, line + b" " + line, b"[" + line + b"]"
        )
    return line


def play(draw: Draw, bench: Bench) -> None:
    """Solve some lines. Each has its result, the same as that of the line alone."""
    lines = [_draw_line(draw) for _ in range(draw(st.integers(0, 6)))]
    data = pick(draw, b"\n", b"\n", b"\n", b"\r\n").join(lines) + pick(draw, b"\n", b"")
    if not mostly(draw, 90):
        data = mutate_text(draw, data, b'{"widths": [1], "speeds": [2], "offset": 3}\n')
    options, output = draw_options(draw)
    ran, rows = solve_cases(draw, bench, "cases.jsonl", data, options, output)
    if ran.code == 2 or has_other_line_ends(data):
        return
    full = [line for line in data.removeprefix(BOM).split(b"\n") if line.strip()]
    if len(rows) != len(full):
        raise Fault("rows lost or added", f"{len(full)} lines, {len(rows)} results")
    for line, row in zip(full, rows, strict=True):
        if not line.startswith(BOM):  # the mark of a file that was appended to another, which may be read or refused
            check_row(read_object(line), row)
    i = draw(st.integers(0, max(len(full) - 1, 0)))
    # Alone, a mark would be that of the file, and an array of objects is refused as a file.
    if full and not full[i].lstrip().startswith((BOM, b"[")):
        check_alone(bench, "cases.jsonl", full[i] + b"\n", options, rows[i])


def has_other_line_ends(data: bytes) -> bool:
    """Whether there are line ends, or an encoding, in which lines cannot be counted by their newlines."""
    return b"\r" in data.replace(b"\r\n", b"\n") or b"\0" in data or data.startswith((b"\xff\xfe", b"\xfe\xff"))


def solve_cases(
    draw: Draw, bench: Bench, name: str, data: bytes, options: list[str], output: str
) -> tuple[Ran, list[dict[str, Any]]]:
    """Run a batch, now and then twice or from standard input, and read its results."""
    bench.write(name, data)
    ran = bench.run("batch", name, *options)
    if ran.code == 2:
        return ran, []
    results = ran.after[output] if output else ran.out
    rows = read_results(results, is_csv="out.csv" in options or "--csv" in options)
    failed = sum(bool(row.get("error")) for row in rows)
    if ran.code != (failed > 0):
        raise Fault("exit code of a batch", f"{ran.code} with {failed} errors")
    again = pick(draw, "no", "no", "no", "again", "stdin")
    if again == "again":
        second = bench.run("batch", name, *options, *([pick(draw, "--overwrite", "--resume")] if output else []))
        if second.code != 2 and (second.after[output] if output else second.out) != results:
            raise Fault("not the same twice", f"batch {options}")
    if again == "stdin" and not output and data.removeprefix(BOM).strip():
        piped = bench.run("batch", "-", *options, stdin=data)
        first_is_object = data.removeprefix(BOM).lstrip()[:1] == b"{"
        if first_is_object == name.endswith(".jsonl") and piped.out != results:
            raise Fault("standard input has other results", f"batch {options}")
    return ran, rows


def read_results(data: bytes, is_csv: bool) -> list[dict[str, Any]]:
    """The results as the batch wrote them, in the form of JSON lines."""
    if not is_csv:
        return [read_json(line, "a result") for line in data.decode().split("\n")[:-1]]
    rows = []
    for cells in read_rows(data):
        if None in cells or None in cells.values():
            raise Fault("a row of CSV with another number of cells", f"{cells}")
        row: dict[str, Any] = {"id text": cells["id"]}
        if cells["error"]:
            row["error"] = cells["error"]
        else:
            row |= {"time": float(cells["time"]), "x": [float(text) for text in cells["x"].split()]}
        rows.append(row)
    return rows


def check_row(case: dict[str, Any] | None, row: dict[str, Any]) -> None:
    """A result belongs to its case: its id, and the best time. case: None if it cannot be read."""
    if case is None:
        if not row.get("error"):
            raise Fault("an answer without a case", f"{row}")
        return
    if "id" in case and all(map(math.isfinite, numbers_in(case["id"]))):
        wanted = case["id"] if isinstance(case["id"], str) else None
        if ("id" in row and row["id"] != case["id"]) or (
            "id text" in row and wanted is not None and row["id text"] != wanted
        ):
            raise Fault("another id", f"{row} for {case}")
        if "id" not in row and "id text" not in row and not row.get("error"):
            raise Fault("an id lost", f"{row} for {case}")
    if not row.get("error"):
        check_best_time(row["time"], case["widths"], case["speeds"], case["offset"])
        if len(row["x"]) != len(case["widths"]) - 1 or not all(map(math.isfinite, numbers_in(row["x"]))):
            raise Fault("x of another length", f"{row} for {case}")
    elif is_valid(case):
        raise Fault("a valid case refused", f"{row} for {case}")


def is_valid(case: dict[str, Any]) -> bool:
    """Whether this is a case by the rules of docs/batch.md."""

    def is_number(value: Any, low: float) -> bool:
        is_real = isinstance(value, int | float) and not isinstance(value, bool)
        return is_real and low <= abs(value) <= 1e50 and (value > 0 or low == 0)

    if set(case) - {"id"} != {"widths", "speeds", "offset"} or not is_number(case["offset"], 0):
        return False
    lists = case["widths"], case["speeds"]
    fits = all(
        isinstance(numbers, list) and numbers and all(is_number(item, 1e-50) for item in numbers) for numbers in lists
    )
    return fits and len(lists[0]) == len(lists[1]) and all(map(math.isfinite, numbers_in(case.get("id"))))


def read_object(line: bytes) -> dict[str, Any] | None:
    """The strict JSON object in a line or a file; None if it is none, or a key occurs twice."""

    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) < len(items):
            raise ValueError
        return dict(items)

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        value = json.loads(line.decode(), object_pairs_hook=unique, parse_constant=refuse)
        write(value).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def check_alone(bench: Bench, name: str, data: bytes, options: list[str], row: dict[str, Any]) -> None:
    """A case has the same result alone as among others."""
    bench.write(f"alone-{name}", data)
    kept = [option for option in options if option == "--sensitivity"]
    as_csv = "id text" in row
    alone = read_results(bench.run("batch", f"alone-{name}", *kept, *(["--csv"] if as_csv else [])).out, as_csv)
    if alone != [row]:
        raise Fault("a case has another result alone", f"{alone} instead of {row}")
