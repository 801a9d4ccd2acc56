"""`terrain sweep` of a map."""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from terrain_cli.commands.points import make_row_writer, print_document, write_points
from terrain_cli.errors import InputError


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
    from terrain_cli.maps.sweep import RESULTS, MapQuantity
    from terrain_cli.maps.sweep import sweep_map as sweep

    if plot and len(varied) > 1:
        raise InputError(
            f"--plot: draws one varied number of a map, got {len(varied)}: leave the others out, or use --csv"
        )
    quantities = [MapQuantity(scenario, name) for name in varied]
    if len({quantity.path for quantity in quantities}) < len(quantities):
        raise InputError(f"--vary: {' and '.join(varied)} are not all different: put the values in one list")
    points = sweep(scenario, varied)

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.maps.sweep import MapSweepTable

    enable_compile_cache()
    total = math.prod(map(len, varied.values()))
    table = MapSweepTable(scenario, quantities, total, rows=not quiet)
    points = table.watch(points)
    columns = [*varied, *RESULTS]
    if output:
        points = write_points(points, output, columns)
    if as_json:
        head = {"version": 1, "scenario": scenario.name, "file": scenario.file, "kind": "map"}
        print_document(head, varied, points)
    elif as_csv:
        make_row_writer(sys.stdout, columns).writerows(points)
    else:
        for _ in points:
            pass
        table.print()
    if plot:
        from terrain_cli.show.maps.figure import texts_of_map
        from terrain_cli.show.style import paper, save

        with paper(*texts_of_map(scenario)) as missing:
            save(table.make_figure(), plot, missing)
        typer.echo(f"wrote {plot}", err=True)
    if table.interrupted:
        typer.echo(f"interrupted after {len(table.points):,} of {total:,} points: those are kept", err=True)
        raise typer.Exit(130)
