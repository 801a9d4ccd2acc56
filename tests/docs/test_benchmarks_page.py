"""docs/benchmarks.md: the sentences above the tables say what the tables say, and other pages quote the same figures."""

import numpy as np
import pytest

from terrain_cli import Strips, best_time, calc_time
from terrain_cli.strips.ground import straight_x
from tests.docs.pages import assert_says, find_results

PAGE = "benchmarks.md"
SIZES = (256, 512, 1024, 2048)
GROUNDS = ("constant", "smooth", "strips", "spiral")
BOX, GODUNOV, FMM, FACTORED = "terrain box", "terrain godunov", "scikit-fmm order 2", "eikonalfm factored order 2"


def find_fields(column: str) -> dict[tuple[str, int, str], float]:
    """A column of the tables of the part `fields`, by ground, size and solver."""
    rows = [row for n in SIZES for row in find_results(f"{n} x {n} cells")]
    return {(row["ground"], int(row["n"]), row["solver"]): row[column] for row in rows}


def test_the_exact_optimum() -> None:
    rows = find_results("Cost of the exact optimum")
    ratios = [row["find_optimum / calc_time"] for row in rows if row["n"] == 1e6]
    assert_says(
        PAGE, f"For a million strips it costs {min(ratios):.1f} to {max(ratios):.1f} evaluations of `calc_time`."
    )
    few, many = ({r["speeds (m/s)"]: r["ns a strip"] for r in rows if r["n"] == n} for n in (1e5, 1e7))
    growth = [many[speeds] / few[speeds] for speeds in few]
    assert_says(PAGE, f"a strip costs {min(growth):.1f} to {max(growth):.1f} times what it costs at 10^5")
    accuracy, _ = find_results("Accuracy on 10,000 hard scenarios of 1 to 1,000 strips")
    assert_says(PAGE, f"the time is within {accuracy['worst']:.3g} of 50-digit arithmetic")
    assert_says(PAGE, f"half of the times within {accuracy['median']:.3g}.")


def test_many_scenarios() -> None:
    few, many = (row for row in find_results("Many scenarios") if row["solver"] == "terrain solve_many")
    assert_says(
        PAGE,
        f"A million scenarios of three strips take {few['ratio']:.2f} times as long as a parallel loop in numba with the "
        f"same search, and {few['ratio of those']:.2f} times its processor time; 100,000 of thirty strips take "
        f"{many['ratio']:.2f} and {many['ratio of those']:.2f} times.",
    )


def test_gradients() -> None:
    ratios = [row["ratio"] for row in find_results("A gradient beside its value")]
    assert_says(PAGE, f"everything costs {min(ratios):.1f} to {max(ratios):.1f} times its value")


def test_routes() -> None:
    kinds = find_results("Routes on random maps of 200 x 200 cells")
    within, count = (int(sum(row[name] for row in kinds)) for name in ("within 1e-09 of the best known", "count"))
    assert_says(PAGE, f"On {within} of {count} random maps of 200 × 200 cells the route is within 1e-09")
    assert_says(
        "routes.md",
        f"on {within} of {count} random maps no finer search found a route that is faster by more than 1e-09",
    )
    assert sum(row["under 1 s"] for row in kinds) == count
    ours = find_results("Three strips as a raster, cell 0.05 m: how much longer than the exact optimum")[0]
    assert ours["path of"] == "terrain"
    assert ours["excess (%)"] < 1e-12
    medians = [row["seconds, median"] for row in kinds]
    worst = max(row["seconds, worst"] for row in kinds)
    assert_says(PAGE, f"{medians[0]:.2f} s and {medians[1]:.2f} s at the median, {worst:.2f} s at most")


@pytest.mark.parametrize(
    ("inset", "sentence"), [(0, "{:.2%} longer from corner to corner"), (0.025, "{:.2%} between the centres")]
)
def test_the_straight_line_across_three_strips(inset: float, sentence: str) -> None:
    strips = Strips(widths=[10 - inset, 10, 10 - inset], speeds=[0.7, 0.3, 0.45], offset=20)
    excess = float(calc_time(straight_x(strips), strips) / best_time(strips)) - 1
    assert_says(PAGE, sentence.format(excess).replace("%", " %"))
    if inset:
        [straight] = [
            row
            for row in find_results("Three strips as a raster, cell 0.05 m: how much longer than the exact optimum")
            if row["path of"] == "straight line"
        ]
        assert straight["excess (%)"] == pytest.approx(100 * excess, abs=5e-3)


class TestArrivalTimes:
    """The same figures are in arrival_times.md."""

    def test_beside_scikit_fmm(self) -> None:
        beside, errors = (find_fields(column) for column in (f"of {FMM}'s time", "RMS error / RMS time"))
        shares = [beside[ground, 1024, BOX] for ground in GROUNDS]
        ratios = [errors[ground, 1024, BOX] / errors[ground, 1024, FMM] for ground in GROUNDS]
        share = f"{min(shares):.2f} to {max(shares):.2f}"
        assert_says(PAGE, f"they take {share} times as long as those of scikit-fmm of order 2")
        assert_says(PAGE, f"with errors {1 / max(ratios):.1f} to {1 / min(ratios):.0f} times smaller")
        assert_says("arrival_times.md", f"`box` takes {share} of the time of scikit-fmm of order 2")
        assert_says("arrival_times.md", f"with {min(ratios):.2f} to {max(ratios):.2f} of its error")

    def test_beside_the_factored_scheme(self) -> None:
        times, errors = (find_fields(column) for column in ("ms", "RMS error / RMS time"))

        def error(solver: str, milliseconds: np.ndarray) -> np.ndarray:
            """The error of a solver in this time, interpolated between the sizes."""
            x, y = ([column["smooth", n, solver] for n in SIZES] for column in (times, errors))
            return np.asarray(np.exp(np.interp(np.log(milliseconds), np.log(x), np.log(y))))

        def ratio(*milliseconds: float) -> np.ndarray:
            return np.asarray(error(BOX, np.array(milliseconds)) / error(FACTORED, np.array(milliseconds)))

        ratios = ratio(*np.geomspace(38, 1050, 200))
        equal = f"{ratios.min():.1f} to {ratios.max():.1f}"
        same = f"{errors['smooth', 1024, BOX] / errors['smooth', 1024, FACTORED]:.1f}"
        assert_says(
            PAGE, f"error of eikonalfm's factored scheme is {same} times smaller at the same size, and {equal} times"
        )
        assert_says("arrival_times.md", f"its error is {same} times smaller than that of `box`")
        assert_says(
            "arrival_times.md",
            f"it is {equal} times smaller from 38 ms to 1 s",
        )
        jump = errors["strips", 1024, FACTORED] / errors["strips", 1024, BOX]
        assert_says(
            "arrival_times.md", f"its error is {jump:.0f} times larger than that of `box` (three strips, 1,024²)"
        )

    def test_box_beside_godunov(self) -> None:
        errors = find_fields("RMS error / RMS time")
        ratios = [errors[ground, n, GODUNOV] / errors[ground, n, BOX] for ground in GROUNDS for n in SIZES]
        assert_says("arrival_times.md", f"its errors are {min(ratios):.0f} to {max(ratios):.0f} times smaller")

    def test_large_maps(self) -> None:
        rows = find_results("Large maps")
        small, large, single = rows[:3]
        memory = f"{large['peak of the process (GiB)']:.2f} GiB"
        growth = f"{large['ns a cell'] / small['ns a cell']:.2f}"
        assert_says(PAGE, f"A map of 4,096² cells takes {memory}, and {growth} times as long per cell as one of 1,024²")
        assert_says(
            "arrival_times.md",
            f"takes {memory} in float64, JAX and compilation included, and {growth} times as long per cell",
        )
        assert_says("arrival_times.md", f"it takes {single['peak of the process (GiB)']:.2f} GiB")

    def test_derivatives(self) -> None:
        rows = find_results("Derivatives with respect to every cell")
        beyond = [row["gradient / times"] - 1 for row in rows]
        assert_says(PAGE, f"cost {min(beyond):.1f} to {max(beyond):.1f} times as much as the field, in addition")
        assert_says(
            "arrival_times.md", f"cost {min(beyond):.1f} to {max(beyond):.1f} times as much as the field itself"
        )
        assert max(row["|<dT/ds, s>/T - 1|"] for row in rows) < 1e-14
        assert_says("arrival_times.md", "It does, to 1e-14.")
