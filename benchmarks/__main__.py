"""`python -m benchmarks [PART...]`: run the parts (all of them where none is named), write Markdown and JSON.

What is written goes to `benchmarks/results/PART.md` and `PART.json`; `docs/benchmarks.md` keeps a run that was looked at.
"""

import importlib
import json
import os
import platform
import sys
from pathlib import Path

PARTS = {
    "startup": "whole processes beside their bare imports, and the compiled loop beside the post's",
    "solvers": "one scenario, all solvers side by side",
    "snell": "the exact optimum: cost by size, and 10,000 scenarios against 50 digits",
    "many": "millions of scenarios: a parallel loop in numba, vmapped optimistix, and batches from file to file",
    "gradients": "time and memory of gradients",
    "routes": "routes on random maps beside a finer search, and on strips beside other tools",
    "report": "the page of `terrain report`: time beyond the solve, and size",
    "fields": "arrival times over a map beside other solvers",
}
RESULTS = Path(__file__).parent / "results"


def describe_machine() -> dict[str, str | int | None]:
    """What the numbers depend on, and nothing that says whose machine it is."""
    import jax
    import numpy
    import scipy

    import terrain_cli.jax_config  # noqa: F401  its settings come before JAX is used

    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "device": jax.default_backend(),
    }


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are:", file=sys.stderr)
        print("\n".join(f"  {name}: {what}" for name, what in PARTS.items()), file=sys.stderr)
        return 2
    machine = describe_machine()
    RESULTS.mkdir(exist_ok=True)
    for name in names or PARTS:
        print(f"{name}: {PARTS[name]} ...", file=sys.stderr)
        said = ", ".join(f"{key} {value}" for key, value in machine.items())
        text, tables = f"## {name}\n\n{said}\n", []
        print(text)
        for table in importlib.import_module(f"benchmarks.{name}").run():
            # Written after each table: a long run that is broken off has kept what it had.
            print(table.to_markdown())
            text += "\n" + table.to_markdown()
            tables.append(table.to_json())
            data = {"part": name, "machine": machine, "tables": tables}
            (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
            (RESULTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
