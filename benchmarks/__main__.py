"""`python -m benchmarks [PART...]`: run these parts, or all of them, and write their tables as Markdown and JSON.

The files are `benchmarks/results/PART.md` and `PART.json`; `docs/benchmarks.md` keeps the results of a run that was reviewed.
"""

import importlib
import json
import os
import platform
import sys
from pathlib import Path

PARTS = {
    "startup": "whole processes compared with their bare imports, and the compiled loop with that of the post",
    "solvers": "one scenario, all solvers compared",
    "snell": "the exact optimum: cost by number of strips, and accuracy on 10,000 scenarios against 50 digits",
    "batched": "millions of scenarios: a parallel loop in numba, optimistix under vmap, and batches from file to file",
    "gradients": "time and memory of gradients",
    "routes": "routes on random maps compared with a finer search, and on strips with other tools",
    "real": "routes on real land cover and around a real reservoir, with other tools (needs TERRAIN_TEST_DATA)",
    "walks": "walks over real elevation with other tools, and a wider search (needs TERRAIN_TEST_DATA)",
    "report": "the page of `terrain report`: extra time over `terrain solve`, and size",
    "fields": "arrival times over a map compared with other solvers",
}
RESULTS = Path(__file__).parent / "results"


def describe_machine() -> dict[str, str | int | None]:
    """What the results depend on, without anything that identifies the machine."""
    import jax
    import numpy
    import scipy

    import terrain_cli.jax_config  # noqa: F401  must be set before JAX is used

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
        print(f"no such part: {', '.join(unknown)}; the parts are:", file=sys.stderr)
        print("\n".join(f"  {name}: {what}" for name, what in PARTS.items()), file=sys.stderr)
        return 2
    machine = describe_machine()
    RESULTS.mkdir(exist_ok=True)
    for name in names or PARTS:
        print(f"{name}: {PARTS[name]} ...", file=sys.stderr)
        described = ", ".join(f"{key} {value}" for key, value in machine.items())
        text, tables = f"## {name}\n\n{described}\n", []
        print(text)
        for table in importlib.import_module(f"benchmarks.{name}").run():
            # The files are written after each table, so that an interrupted run keeps its results so far.
            print(table.to_markdown())
            text += "\n" + table.to_markdown()
            tables.append(table.to_json())
            data = {"part": name, "machine": machine, "tables": tables}
            (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
            (RESULTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
