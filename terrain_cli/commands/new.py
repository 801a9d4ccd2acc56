"""`terrain new`: a commented scenario to start from."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli.files import written

STARTER = """\
# yaml-language-server: $schema=scenario.schema.json
# (terrain schema > scenario.schema.json gives an editor the schema: it then checks and completes as you type)
#
# Cross the strips from the start to a goal that lies `offset` further along them.
# Try: terrain solve {file}
name: across the valley
strips: # from the start to the goal
  - {{width: 300, speed: 1.4, name: meadow}}
  - {{width: 120, speed: 0.3, name: bog}}
  - {{width: 200, speed: 0.9, name: forest}}
offset: 500
units: {{length: m, time: s}} # names only, nothing is converted

# Everything below may be left out: the descent then starts from the straight line with a safe step.
descent:
  method: gradient # or momentum, adam, newton; snell gives the exact answer at once
  # initial: [150, 40] # movement along the strips inside each strip but the last
  # step: 12
  iterations: 1000
  tolerance: 1e-9
"""


MAP_STARTER = """\
# yaml-language-server: $schema=scenario.schema.json
# (terrain schema > scenario.schema.json gives an editor the schema: it then checks and completes as you type)
#
# Cross the map from the start to the goal. Positions are [x, y]: x to the east, y to the north, from the lower left corner.
# Try: terrain solve {file}, and terrain plot {file} -o map.png
name: over the pass
map:
  cell: 50 # the side of a cell
  speeds:
    drawing: | # the first row is the north edge
      ..........####......
      .....^^^^^####^^^^..
      ....^^^^^^^##^^^^^^.
      ...^^^^^^^^^^^^^^^^.
      ..^^^^^####^^^^^^^..
      ..^^^^######..^^....
      ...^^^######........
      .....=.####.........
      ======..##..========
      .....=======........
    legend:
      ".": 1.2 # meadow
      "^": 0.6 # scree
      "=": 1.6 # path
      "#": blocked # rock; the word stands for ground that cannot be crossed
    # Instead of a drawing, numbers: grid: [[1.2, 1.2, blocked], [1.2, 0.6, 1.2]]
    # or an array in a file, NaN where blocked: file: speeds.npy, with extent: [xmin, ymin, xmax, ymax] in place of the cell
start: [25, 75]
goal: [975, 325] # or several: [[975, 325], {{at: [25, 475], name: hut}}]
units: {{length: m, time: s}} # names only, nothing is converted
"""


def new(
    path: Annotated[Path, typer.Argument(help="File to write; one that exists is never overwritten.")],
    as_map: Annotated[bool, typer.Option("--map", help="A map, with cells of ground, instead of strips.")] = False,
) -> None:
    """Write a commented scenario to start from.

    Example: terrain new my.yaml

    Example: terrain new map.yaml --map
    """
    text = (MAP_STARTER if as_map else STARTER).format(file=path)
    with written(path, overwrite=False) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")
    typer.echo(f"wrote {path}: now try terrain solve {path}", err=True)
