"""`terrain sweep` of a map."""

import csv
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import typer

from terrain_cli.errors import InputError
from terrain_cli.output import written


def sweep_map(
    scenario: Any,
    varied: Mapping[str, Sequence[float]],
    as_json: bool,
    as_csv: bool,
    quiet: bool,
    output: Path | None,
    plot: Path | None,
) -> None:
    """Solve a map for all combinations of the values, and show what comes of it."""
    from terrain_cli.maps.sweep import MapQuantity
    from terrain_cli.maps.sweep import sweep_map as sweep

    if plot and len(varied) > 1:
        raise InputError(
            f"--plot: draws one varied number of a map, got {len(varied)}: leave the others out, or use --csv"
        )
    quantities = [MapQuantity(scenario, name) for name in varied]
    if len({quantity.path for quantity in quantities}) < len(quantities):
        raise InputError(f"--vary: {' and '.join(varied)} are not all different: put the values in one list")
    points = sweep(scenario, varied)

    from terrain_cli.engine import keep_compiled_programs
    from terrain_cli.show.map_sweep import MapSweepTable

    keep_compiled_programs()
    total = math.prod(map(len, varied.values()))
    table = MapSweepTable(scenario, quantities, total, rows=not quiet)
    points = table.watch(points)
    if output:
        points = _write(points, output, list(varied))
    if as_json:
        facts = {"version": 1, "scenario": scenario.name, "file": scenario.file, "kind": "map", "varied": varied}
        print(json.dumps(facts | {"points": list(points)}))
    elif as_csv:
        _row_writer(sys.stdout, list(varied)).writerows(points)
    else:
        for _ in points:
            pass
        table.print()
    if plot:
        from terrain_cli.show.map_figure import texts_of_map
        from terrain_cli.show.paper import paper, save

        with paper(*texts_of_map(scenario)) as missing:
            save(table.make_figure(), plot, missing)
        typer.echo(f"wrote {plot}", err=True)
    if table.interrupted:
        typer.echo(f"interrupted after {len(table.points):,} of {total:,} points: those are kept", err=True)
        raise typer.Exit(130)


def _row_writer(file: TextIO, names: list[str]) -> "csv.DictWriter[str]":
    from terrain_cli.maps.sweep import RESULTS

    writer = csv.DictWriter(file, [*names, *RESULTS], lineterminator="\n")
    writer.writeheader()
    return writer


def _write(points: Iterator[dict[str, Any]], output: Path, names: list[str]) -> Iterator[dict[str, Any]]:
    """Pass the points on while writing them to `output`, which is there when the last has passed."""
    with written(output) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = _row_writer(file, names) if output.suffix.lower() == ".csv" else None
        for i, point in enumerate(points):
            if writer:
                writer.writerow(point)
            else:
                file.write(("[\n" if i == 0 else ",\n") + json.dumps(point))
            yield point
        if not writer:
            file.write("\n]\n")
