"""Cases as CSV through `terrain batch`."""

import csv
import io
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import lines
from tests.fuzz.bench import Bench
from tests.fuzz.oracle import Fault
from tests.fuzz.values import EXTREMES, Draw, mostly, mutate_text, pick

COLUMNS = ("id", "widths", "speeds", "offset")


def _draw_cells(draw: Draw) -> dict[str, str]:
    """The cells of a case by their column, now and then with something wrong."""
    case = lines.draw_case(draw)
    cells = {name: " ".join(map(repr, case[name])) for name in ("widths", "speeds")}
    cells |= {"id": case["id"] if isinstance(case.get("id"), str) else "", "offset": repr(case["offset"])}
    if "\n" in cells["id"] or "\r" in cells["id"] or "\0" in cells["id"]:
        cells["id"] = "no line break here"
    if not mostly(draw, 85):
        name = pick(draw, *COLUMNS)
        cells[name] = pick(
            draw,
            draw(st.sampled_from(EXTREMES)).text,
            cells[name] + " ",
            cells[name] + " 1",
            "",
            cells[name].replace(" ", ";"),
        )
    return cells


def play(draw: Draw, bench: Bench) -> None:
    """Solve some rows. Each has its result, the same as that of the row alone."""
    columns = pick(draw, COLUMNS, COLUMNS[1:], COLUMNS[::-1])
    if not mostly(draw, 97):
        columns = pick(draw, COLUMNS[:3], (*COLUMNS, "id"), (*COLUMNS, "name"), tuple(map(str.upper, COLUMNS)), ())
    file = io.StringIO()
    quoting = pick(draw, csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    delimiter = pick(draw, *",,,,,,,,,,,,,,,;\t")
    writer = csv.writer(file, quoting=quoting, delimiter=delimiter, lineterminator=pick(draw, "\n", "\n", "\r\n"))
    writer.writerow(columns)
    cases = [_draw_cells(draw) for _ in range(draw(st.integers(0, 6)))]
    for cells in cases:
        row = [cells.get(name.lower(), "1") for name in columns]
        writer.writerow(row if mostly(draw, 96) else pick(draw, row[:-1], [*row, "1"], []))
    data = file.getvalue().encode(errors="surrogatepass")
    whole = mostly(draw, 85)
    if not whole:
        data = mutate_text(draw, data, b"widths,speeds,offset\n1,2,3\n")
    options, output = lines.draw_options(draw)
    ran, rows = lines.solve_cases(draw, bench, "cases.csv", data, options, output)
    if ran.code == 2 or lines.has_other_line_ends(data) or data.count(b'"') % 2:
        return
    physical = [line for line in data.removeprefix(lines.BOM).split(b"\n") if line.strip()]
    if len(rows) != len(physical) - 1:
        raise Fault("rows lost or added", f"{len(physical) - 1} rows, {len(rows)} results")
    if whole and delimiter == ",":
        _check(physical[1:], columns, rows)
    if rows:
        i = draw(st.integers(0, len(rows) - 1))
        lines.check_alone(bench, "cases.csv", physical[0] + b"\n" + physical[i + 1] + b"\n", options, rows[i])


def _check(physical: list[bytes], columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Each row that can be read has its id and the best time."""
    for line, row in zip(physical, rows, strict=True):
        cells = next(csv.reader([line.decode().rstrip("\r")]))
        case: dict[str, Any] = dict(zip(columns, cells, strict=False))
        if case.get("id"):
            given = row.get("id", row.get("id text"))
            if given != case["id"] and len(cells) == len(columns):
                raise Fault("another id", f"{row} for {case}")
        if row.get("error"):
            continue
        read: dict[str, Any] = {name: [float(text) for text in case[name].split()] for name in COLUMNS[1:]}
        read["offset"] = read["offset"][0]
        lines.check_row(read, {key: value for key, value in row.items() if key not in ("id", "id text")})
