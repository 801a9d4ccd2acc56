"""What a route owes to each class and region of a map."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("shapely", reason="needs the extra geo")
pytest.importorskip("rasterio", reason="needs the extra geo")

from terrain_cli import MapScenario, MapSolution, load_map, solve
from terrain_cli.maps.sensitivity import Share, find_shares
from terrain_cli.maps.sweep import find_points
from tests.conftest import Ran

Terrain = Callable[..., Ran]
MAP = """\
name: classes and regions
map:
  land_cover: {file: classes.npy, speeds: {1: 1.0, 2: 0.6, 5: 1.3, 9: blocked}, other: 0.8, names: {1: grass, 2: wood}}
  cell: 10
  regions:
    - {name: marsh, file: marsh.geojson, factor: 0.7}
    - {name: road, file: road.geojson, width: 8, speed: 1.7}
    - {name: rain, file: rain.geojson, factor: 0.9}
start: [12, 33]
goal: [388, 265]
"""
AREAS = {
    "marsh": {"type": "Polygon", "coordinates": [[[30, 0], [200, 0], [200, 300], [30, 300], [30, 0]]]},
    "road": {"type": "LineString", "coordinates": [[80, 60], [300, 215]]},
    "rain": {"type": "Polygon", "coordinates": [[[180, 0], [260, 0], [260, 300], [180, 300], [180, 0]]]},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    blocks = np.random.default_rng(5).choice([1, 2, 5, 7], (6, 8))
    np.save(folder / "classes.npy", np.kron(blocks, np.ones((5, 5))))
    for name, geometry in AREAS.items():
        (folder / f"{name}.geojson").write_text(json.dumps(geometry))
    (folder / "m.yaml").write_text(MAP)
    return folder / "m.yaml"


@pytest.fixture(scope="module")
def solution(path: Path) -> MapSolution:
    return solve(load_map(path))


@pytest.fixture(scope="module")
def shares(solution: MapSolution) -> list[Share]:
    assert solution.route
    return find_shares(solution, solution.route.points)


def number_of(scenario: MapScenario, key: str) -> float:
    """A number of a scenario by its dotted name."""
    found: Any = scenario.model_dump()
    for part in key.split("."):
        found = found[int(part) if part.isdigit() else part]
    return float(found)


def test_together_they_are_the_time_of_the_route(solution: MapSolution, shares: list[Share]) -> None:
    own = [share for share in shares if share.factor is None]
    assert sum(share.time for share in own) == pytest.approx(solution.time, rel=1e-13)
    assert sum(share.length for share in own) == pytest.approx(solution.distance, rel=1e-13)
    assert [share.time for share in own] == sorted((share.time for share in own), reverse=True)
    assert {share.name for share in own} == {"grass", "wood", "5", "other", "road"}
    assert {share.name for share in shares} - {share.name for share in own} == {"marsh", "rain"}


def test_a_number_that_grows_by_a_percent_saves_what_is_said(solution: MapSolution, shares: list[Share]) -> None:
    """By central differences: each key is a number of the scenario, and moves the time as its share says."""
    scenario, step = load_map(str(solution.scenario.file)), 1e-4
    for share in shares:
        assert share.key
        now = number_of(scenario, share.key)
        slower, faster = (
            point["time"] for point in find_points(scenario, {share.key: [now * (1 - step), now * (1 + step)]})
        )
        assert (slower - faster) / (2 * step) == pytest.approx(share.time, rel=2e-4), share


def test_a_road_covers_the_marsh_and_rain_falls_on_the_road(solution: MapSolution) -> None:
    """In cells of the first region that a second one covers, the first has no part; a factor after it has one."""
    [road] = [overlay for overlay in solution.overlays if overlay.name == "road"]
    [rain] = [overlay for overlay in solution.overlays if overlay.name == "rain"]
    rows, cols = road.cells.mask.shape
    middle = [
        (road.cells.top + r, road.cells.left + c) for r in range(rows) for c in range(cols) if road.cells.mask[r, c]
    ]
    wet = next((r, c) for r, c in middle if 18 <= c < 20)
    assert rain.cells.mask[wet[0] - rain.cells.top, wet[1] - rain.cells.left]
    ends = solution.ground.to_xy(np.array([[wet[0] + 0.5, wet[1] + 0.2], [wet[0] + 0.5, wet[1] + 0.8]]))
    shares = {share.name: share for share in find_shares(solution, ends)}
    assert set(shares) == {"road", "rain"}
    assert shares["road"].speed == pytest.approx(1.7 * 0.9)
    assert shares["rain"].time == shares["road"].time
    assert (shares["rain"].factor, shares["rain"].key) == (0.9, "map.regions.2.factor")


def test_the_table_and_the_document(terrain: Terrain, path: Path, shares: list[Share]) -> None:
    ran = terrain("solve", path, "--quiet", "--sensitivity")
    assert ran.code == 0, ran.err
    rows = ran.out[ran.out.index("What the best time") :].splitlines()
    assert rows[1].split()[:3] == ["ground", "speed", "(m/s)"]
    assert [row.split()[0] for row in rows[2:-1]] == [share.name for share in shares]
    assert rows[-1] == "regions with a factor (×): their part of the route is counted with the ground below too"
    assert "× 0.7" in next(row for row in rows if row.startswith("marsh"))
    document = json.loads(terrain("solve", path, "--json", "--sensitivity").out)
    grounds = document["sensitivity"]["grounds"]
    assert [(ground["name"], ground["key"]) for ground in grounds] == [(share.name, share.key) for share in shares]
    assert sum(ground["saves"] for ground in grounds if "factor" not in ground) == pytest.approx(
        document["time"] / 100, rel=1e-13
    )
