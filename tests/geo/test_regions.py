"""Lines and areas as cells."""

import numpy as np
import pytest

shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pytest.importorskip("rasterio", reason="needs the extra geo")

from hypothesis import given  # noqa: E402  after the skip
from hypothesis import strategies as st  # noqa: E402
from scipy import ndimage  # noqa: E402

from terrain_cli.errors import InputError  # noqa: E402
from terrain_cli.geo.grid import Grid  # noqa: E402
from terrain_cli.geo.regions import Cells, find_cells  # noqa: E402

GRID = Grid((100.0, 200.0), 10.0, 12, 16)


def burn(*shapes: object, width: float | None = None, whole: bool = False, grid: Grid = GRID) -> np.ndarray:
    cells = find_cells(list(shapes), grid, width=width, whole=whole)
    burnt = np.zeros((grid.rows, grid.cols), dtype=bool)
    burnt[cells.window] = cells.mask
    return burnt


def draw(burnt: np.ndarray) -> list[str]:
    return ["".join(".#"[cell] for cell in row) for row in burnt[:5, :6].astype(int)]


def cell_box(row: int, col: int, grid: Grid = GRID) -> object:
    x, y = grid.corner
    south = y + (grid.rows - row - 1) * grid.cell
    return shapely.box(x + col * grid.cell, south, x + (col + 1) * grid.cell, south + grid.cell)


coordinates = st.one_of(
    st.floats(-30, 200, allow_nan=False),
    st.integers(-2, 20).map(lambda k: 10.0 * k),
    st.integers(0, 32).map(lambda k: 5.0 * k),
)
points = st.lists(
    st.tuples(coordinates.map(lambda x: x + 100), coordinates.map(lambda y: y + 200)), min_size=2, max_size=6
)


class TestLines:
    def test_a_diagonal_line_is_a_staircase(self) -> None:
        burnt = burn(shapely.LineString([(103, 317), (147, 273)]), width=0.1)
        assert ndimage.label(burnt)[1] == 1
        assert burnt.sum() == 9

    @given(points)
    def test_a_line_never_breaks_into_cells_that_touch_at_corners(self, line: list[tuple[float, float]]) -> None:
        geometry = shapely.LineString(line)
        inside = geometry.intersection(shapely.box(100.001, 200.001, 259.999, 319.999))
        pieces = [piece for piece in shapely.get_parts(inside) if piece.length > 1e-6]
        if not pieces:
            return
        for whole in (True, False):
            burnt = burn(geometry, width=0.5, whole=whole)
            labels, _ = ndimage.label(burnt)
            for piece in pieces:
                # All of a piece is covered, by cells that are connected by edges.
                middles = shapely.get_coordinates(shapely.segmentize(piece, 1.0))
                rows = np.clip(np.floor((320 - middles[:, 1]) / 10).astype(int), 0, 11)
                cols = np.clip(np.floor((middles[:, 0] - 100) / 10).astype(int), 0, 15)
                strict = np.all(np.abs(np.column_stack([middles[:, 0], middles[:, 1]]) / 10 % 1 - 0.5) < 0.499, axis=1)
                found = labels[rows[strict], cols[strict]]
                assert np.all(found > 0)
                assert len(set(found.tolist())) <= 1

    def test_a_broad_line_covers_the_cells_whose_centres_it_covers(self) -> None:
        burnt = burn(shapely.LineString([(60, 290), (300, 290)]), width=25)
        assert burnt[:, 5].nonzero()[0].tolist() == [2, 3]
        burnt = burn(shapely.LineString([(60, 290), (300, 290)]), width=25, whole=True)
        assert burnt[:, 5].nonzero()[0].tolist() == [1, 2, 3, 4]

    def test_points_are_discs(self) -> None:
        burnt = burn(shapely.Point(125, 295), width=45)
        assert draw(burnt) == [".###..", "#####.", "#####.", "#####.", ".###.."]


class TestAreas:
    def test_cells_whose_centres_lie_in_it(self) -> None:
        area = shapely.box(104, 276, 126, 306)
        assert draw(burn(area)) == ["......", "###...", "###...", "###...", "......"]

    def test_every_cell_that_it_covers_in_part_if_it_is_not_to_be_entered(self) -> None:
        area = shapely.box(104, 279, 131, 306)
        assert draw(burn(area, whole=True)) == ["......", "####..", "####..", "####..", "####.."]

    def test_an_area_of_whole_cells_is_just_these(self) -> None:
        for whole in (True, False):
            assert draw(burn(shapely.box(110, 290, 130, 310), whole=whole)) == [
                "......",
                ".##...",
                ".##...",
                "......",
                "......",
            ]

    def test_holes_stay_free(self) -> None:
        ring = shapely.box(100, 270, 150, 320).difference(shapely.box(120, 290, 130, 300))
        assert draw(burn(ring, whole=True)) == ["#####.", "#####.", "##.##.", "#####.", "#####."]

    @given(st.floats(0, 3.1), st.floats(0.5, 9), st.floats(110, 240), st.floats(210, 310))
    def test_a_narrow_area_does_not_break(self, angle: float, width: float, x: float, y: float) -> None:
        box = shapely.box(x - 60, y - width / 2, x + 60, y + width / 2)
        area = shapely.affinity.rotate(box, angle, use_radians=True)
        seen = area.intersection(shapely.box(100, 200, 260, 320))
        burnt = burn(area)
        assert ndimage.label(burnt)[1] == 1
        for row, col in np.argwhere(~burnt).tolist():  # no cell but at its border is missing
            assert seen.intersection(cell_box(row, col)).area < 51

    def test_a_tail_belongs_to_it(self) -> None:
        area = shapely.union_all([shapely.box(100, 270, 150, 320), shapely.box(150, 291, 240, 294)])
        assert burn(area)[2, :14].all()

    @given(st.integers(0, 2**32))
    def test_what_is_blocked_whole_is_not_entered(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        area = shapely.convex_hull(shapely.MultiPoint(random.uniform((100, 200), (260, 320), (5, 2))))
        burnt = burn(area, whole=True)
        for row, col in np.argwhere(~burnt).tolist():
            assert area.intersection(cell_box(row, col)).area < 1e-3
        for row, col in np.argwhere(burnt).tolist():
            assert area.intersects(cell_box(row, col))

    def test_a_crossed_area_is_repaired(self) -> None:
        bow = shapely.Polygon([(100, 320), (160, 260), (160, 320), (100, 260)])
        burnt = burn(bow)
        assert burnt[2, 0]
        assert burnt[2, 5]
        assert not burnt[0, 3]

    def test_multiple_parts_and_collections(self) -> None:
        shape = shapely.GeometryCollection(
            [shapely.MultiPolygon([shapely.box(100, 310, 110, 320)]), shapely.Point(155, 315)]
        )
        assert draw(burn(shape, width=4)) == ["#....#", *["......"] * 4]


class TestParts:
    def test_cells_of_a_part_of_the_grid(self) -> None:
        cells = find_cells([shapely.box(110, 250, 210, 310)], GRID, width=None, whole=False)
        burnt = np.zeros((12, 16), dtype=bool)
        burnt[cells.window] = cells.mask
        for top, bottom, left, right in ((0, 12, 0, 16), (3, 8, 4, 9), (0, 2, 0, 2), (9, 12, 12, 16)):
            part = cells.within(top, bottom, left, right)
            there = np.zeros((bottom - top, right - left), dtype=bool)
            there[part.window] = part.mask
            np.testing.assert_array_equal(there, burnt[top:bottom, left:right])

    def test_a_mask_outside_a_part_is_empty(self) -> None:
        cells = Cells(2, 2, np.ones((2, 2), dtype=bool))
        for part in ((0, 2, 0, 2), (4, 9, 4, 9), (0, 9, 5, 9)):
            there = np.zeros((part[1] - part[0], part[3] - part[2]), dtype=bool)
            inner = cells.within(*part)
            there[inner.window] |= inner.mask
            assert not there.any()


class TestProblems:
    @pytest.mark.parametrize(
        ("shape", "width", "sentence"),
        [
            ("LINESTRING (110 210, 150 250)", None, "has lines, which need a width: add width, such as width: 2.5"),
            ("POINT (110 210)", None, "has points, which need a width"),
            ("POLYGON ((110 210, 150 210, 150 250, 110 210))", 5, "has only areas: remove width"),
            ("POLYGON ((1 2, 3 2, 3 5, 1 2))", None, "lies outside the map: it extends from [1, 2] to [3, 5], and the map from [100, 200] to [260, 320]"),
            ("POLYGON ((301 150, 315 150, 310 170, 301 150))", None, "with x and y exchanged it would lie on it"),
            ("LINESTRING (90 210, 90 250)", 5, "lies outside the map"),
        ],
    )  # fmt: skip
    def test_what_cannot_become_cells(self, shape: str, width: float | None, sentence: str) -> None:
        with pytest.raises(InputError) as error:
            burn(shapely.from_wkt(shape), width=width)
        assert sentence in str(error.value)
