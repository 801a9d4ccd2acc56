"""The Python in README and docs passes `mypy --strict`: what a reader copies has types that fit."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def snippets(page: Path) -> str:
    """All Python of a page as one module, since later blocks use the names of earlier ones: fenced, or indented from an import on."""
    text = page.read_text()
    blocks = [
        (found.start(), found[1])
        for found in re.finditer(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    ]
    indented = re.finditer(r"(?<=\n\n)((?:    .*\n|\n(?=    ))+)", text)
    blocks += [
        (found.start(), code)
        for found in indented
        if (code := textwrap.dedent(found[1])).startswith(("from ", "import "))
    ]
    return "\n".join(code for _, code in sorted(blocks))


def run_mypy(folder: Path) -> str:
    # With the settings and the cache of the project, so that after `make lint` only the snippets are new.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=300,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_snippets_have_types_that_fit(tmp_path: Path) -> None:
    """And the check can fail: a wrong one among them is noticed."""
    written = 0
    for page in PAGES:
        if text := snippets(page):
            (tmp_path / f"{page.stem.lower()}_page.py").write_text(text)
            written += 1
    assert written >= 3
    (tmp_path / "wrong.py").write_text("from terrain_cli import load_map\n\nload_map('x.yaml').strips\n")
    errors = [line for line in run_mypy(tmp_path).splitlines() if ": error:" in line]
    assert [line for line in errors if "wrong.py" not in line] == []
    assert len(errors) == 1
    assert '"MapScenario" has no attribute "strips"' in errors[0]
