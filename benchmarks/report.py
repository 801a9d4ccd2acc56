"""The page of `terrain report`: how long it takes beyond `terrain solve` of the same scenario, and how large it is."""

import tempfile
from pathlib import Path

from benchmarks.startup import ROOT, process_times, python
from benchmarks.table import Table

SCENARIOS = ("three_strips", "step_too_large", "fifty_strips")


def run(rounds: int = 7) -> list[Table]:
    """Whole processes, medians, in turns."""
    remark = f"Medians of {rounds}, in turns; the first run of each, which compiles, is not counted."
    columns = ["scenario", "terrain report (s)", "terrain solve (s)", "beyond (s)", "page (kB)"]
    table = Table("A report beside its solution", columns, remark)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for scenario in SCENARIOS:
            file = str(ROOT / "configs" / f"{scenario}.yaml")
            # A descent that diverges makes `solve` exit with 1, which is no failure here.
            ours = python("-m", "terrain_cli", "report", file, "--output", "report.html")
            bare = python(
                "-c", f"from terrain_cli.cli import main\ntry: main(['solve', {file!r}])\nexcept SystemExit: pass"
            )
            with_page, alone = process_times(ours, bare, rounds, folder)
            size = (folder / "report.html").stat().st_size / 1000
            table.rows.append([scenario, with_page, alone, with_page - alone, size])
    return [table]
