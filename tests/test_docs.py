"""The examples in the documents run: every command as written, with its printed output, and every block of Python."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrain_cli import cli
from tests.conftest import CONFIGS, ROOT, Ran

BROKEN = "name: broken\nstrips:\n  - {width: -10, speed: 0.7}\n  - {widht: 10, width: 10, speed: 0.3}\noffset: twenty\n"
COMMANDS = sorted(info.callback.__name__ for info in cli.app.registered_commands if info.callback)


def blocks(language: str, file: str = "README.md") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / file).read_text(), flags=re.DOTALL | re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    """Each command of the README, and the output printed below it."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command.partition("  #")[0].strip(), output))
    return found


def write_valley() -> bool:
    """Put the valley of the README and a raster for it into the current folder. Returns whether the extra geo can read it."""
    try:
        import pyproj  # noqa: F401
        import rasterio
        import shapely  # noqa: F401
    except ImportError:
        return False
    [scenario] = [block for block in blocks("yaml") if block.startswith("# valley.yaml")]
    Path("valley.yaml").write_text(scenario)
    classes = np.kron([[41, 52, 90], [52, 11, 41], [41, 41, 52]], np.ones((8, 6))).astype("uint8")
    settings = {"driver": "GTiff", "count": 1, "height": 24, "width": 18, "dtype": "uint8", "crs": "EPSG:26912"}
    with rasterio.open(
        "nlcd.tif", "w", transform=rasterio.Affine(1000, 0, 315000, 0, -1000, 4140000), **settings
    ) as raster:
        raster.write(classes, 1)
    line = {"type": "LineString", "coordinates": [[-113.0, 37.22], [-112.97, 37.3]]}
    Path("road.geojson").write_text(json.dumps(line))
    return True


def to_twelve_digits(text: str) -> str:
    """Numbers rounded to 12 digits, because the last digits depend on the processor."""
    return re.sub(r"\d+\.\d{12,}", lambda number: f"{float(number[0]):.12g}", text)


def test_readme_commands_give_what_is_printed(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the README, and in one folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CONFIGS, "configs")
    Path("broken.yaml").write_text(BROKEN)
    reads_rasters = write_valley()
    ran_any = 0
    for command, output in commands():
        words = shlex.split(command)
        if words[0] != "terrain" or ("valley" in command and not reads_rasters):
            continue
        to_file = words[words.index(">") + 1] if ">" in words else None
        ran = terrain(*words[1 : words.index(">") if to_file else None])
        if to_file:
            Path(to_file).write_text(ran.out)
        assert ran.code == (
            2
            if "broken" in command
            else 1
            if "too_large" in command or (command.endswith("configs/") and words[1] == "solve")
            else 0
        ), command
        if output:
            printed = "".join(line.rstrip() + "\n" for line in (ran.out or ran.err).splitlines())
            assert to_twelve_digits(printed) == to_twelve_digits(output), command
        ran_any += 1
    assert ran_any >= 12


@pytest.mark.slow
def test_commands_of_the_figures_page_draw(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CONFIGS, "configs")
    found = re.findall(r"^ *(?:\$ )?(terrain .*)$", (ROOT / "docs" / "figures.md").read_text(), flags=re.MULTILINE)
    assert len(found) >= 9
    for command in found:
        words = shlex.split(command.partition("  #")[0])
        assert terrain(*words[1:]).code == 0, command
        if words[-2] == "-o":
            assert Path(words[-1]).stat().st_size > 10_000, command


def test_readme_has_the_two_make_commands_first() -> None:
    assert [command for command, _ in commands()][:2] == ["make solve", "make test"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("target", "does"), [("solve", "terrain solve configs/three_strips.yaml"), ("test", "-m pytest")]
)
def test_make_targets(target: str, does: str) -> None:
    """A dry run; .ci/run makes both targets."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert does in done.stdout
    assert "-m venv .venv" in done.stdout


def test_readme_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    assert "81.91638300562" in capsys.readouterr().out


def test_the_maps_page_runs(terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CONFIGS, "configs")
    text = (ROOT / "docs" / "maps.md").read_text()
    [scenario] = blocks("yaml", "docs/maps.md")
    Path("map.yaml").write_text(scenario)
    assert terrain("solve", "map.yaml", "--quiet").code == 0
    Path("map.yaml").write_text(scenario.replace("start: [15, 5]", "start: [45, 5]"))
    assert f"    {terrain('solve', 'map.yaml').err}" in text
    [command] = re.findall(r"^    terrain (.*)$", text, flags=re.MULTILINE)
    assert terrain(*shlex.split(command)).code == 0


def test_the_maps_page_runs_in_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    [block] = blocks("python", "docs/maps.md")
    exec(block, {})
    assert capsys.readouterr().out.startswith("480.254")


def test_the_map_in_the_readme_solves(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    [scenario] = [block for block in blocks("yaml") if block.startswith("map:")]
    (tmp_path / "map.yaml").write_text(scenario)
    assert terrain("solve", tmp_path / "map.yaml", "--quiet").code == 0


def test_readme_scenario_is_the_shipped_one() -> None:
    import yaml

    [shown] = [block for block in blocks("yaml") if block.startswith("# configs/three_strips.yaml")]
    assert yaml.safe_load(shown) == yaml.safe_load((CONFIGS / "three_strips.yaml").read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(terrain: Callable[..., Ran], command: str) -> None:
    assert f"terrain {command}" in (ROOT / "README.md").read_text()
    ran = terrain(command, "--help")
    assert ran.code == 0
    assert f"Example: terrain {command}" in ran.out
    assert "TODO" not in ran.out


def test_the_list_of_commands_is_not_cut(terrain: Callable[..., Ran]) -> None:
    listed = terrain("--help").out.partition("Commands:")[2]
    assert "..." not in listed
    assert "map" in listed


def test_links_lead_somewhere() -> None:
    for file in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_decisions_are_short() -> None:
    for file in (ROOT / "docs" / "decisions").glob("*.md"):
        assert re.match(r"\d{4}-[a-z0-9-]+\.md", file.name)
        assert len(file.read_text().splitlines()) <= 40
