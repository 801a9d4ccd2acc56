"""The page of `terrain report`: how much longer it takes than `terrain solve` of the same scenario, and how large it is."""

import tempfile
from pathlib import Path

from benchmarks.startup import ROOT, process_times, python
from benchmarks.table import Table

SCENARIOS = ("three_strips", "step_too_large", "fifty_strips")


def run(rounds: int = 7) -> list[Table]:
    """Whole processes: medians, measured in turns."""
    remark = f"Medians of {rounds} runs in turns, without the first run of each, which compiles."
    columns = ["scenario", "terrain report (s)", "terrain solve (s)", "extra (s)", "page (kB)"]
    table = Table("A report compared with its solution", columns, remark)
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
