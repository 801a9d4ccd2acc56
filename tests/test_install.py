"""What is shipped: the scenarios come with the package, installed from a wheel or from a working copy."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from terrain_cli import load_scenario
from terrain_cli.scenario import load as scenario
from tests.conftest import CONFIGS, ROOT


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_scenarios_and_runs(dist: Path, tmp_path: Path) -> None:
    """Unpacked into a folder of its own: what is imported is the wheel, not this working copy."""
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    for file in CONFIGS.iterdir():
        assert f"terrain_cli/configs/{file.name}" in names
    programs = {f"terrain_cli/examples/{file.name}" for file in (ROOT / "examples").glob("*.py")}
    assert {name for name in names if name.startswith("terrain_cli/examples/")} == programs
    assert "terrain_cli/py.typed" in names
    page = ("page.html.jinja", "page.css", "page.js", "state.js")
    assert {f"terrain_cli/show/strips/page/{name}" for name in page} <= names
    assert {f"terrain_cli/{kind}/starter.yaml" for kind in ("strips", "maps")} <= names
    lessons = {
        f"terrain_cli/{file.relative_to(ROOT / 'terrain_cli')}"
        for file in (ROOT / "terrain_cli" / "lessons").glob("[0-9]*/*")
    }
    assert len(lessons) >= 12 * 7
    assert lessons <= names
    assert not any(name.startswith("tests") for name in names)
    code = (
        "import terrain_cli, terrain_cli.scenario.load as s; print(terrain_cli.__file__); print(s.packaged_folder());"
        "from terrain_cli.commands.examples import complete_example as c; print(c('soft'));"
        "from terrain_cli.cli import main; main(['sweep', '--step', '0.5:2.0'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    package = tmp_path / "terrain_cli"
    assert lines[:3] == [str(package / "__init__.py"), str(package / "configs"), "['soft_lake']"]
    assert "16 points" in done.stdout


@pytest.mark.slow
def test_the_sdist_builds_the_same(dist: Path) -> None:
    """`build` makes the wheel from the sdist, so that what is there is enough; tests and documents come along."""
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "tests/conftest.py",
        "configs/three_strips.yaml",
        "examples/soft_lake.py",
    } <= names


def test_a_working_copy_finds_its_scenarios() -> None:
    assert scenario.packaged_folder() == CONFIGS
    assert load_scenario(scenario.packaged_folder() / "three_strips.yaml").name == "three strips"


def test_the_metadata_is_complete() -> None:
    from importlib.metadata import metadata, version

    import terrain_cli

    data = metadata("terrain-cli")
    assert version("terrain-cli") == terrain_cli.__version__
    assert data["License-Expression"] == "MIT"
    assert data["Requires-Python"] == ">=3.11"
    assert data["Summary"]
    assert data.get_all("Classifier")
