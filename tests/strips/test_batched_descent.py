"""`terrain sweep` of strips: many points in one compiled program, each equal to a separate solve."""

import csv
import decimal
import io
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain_cli import StripsScenario, solve
from terrain_cli.errors import InputError
from terrain_cli.ranges import ValueRange, parse_values
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips import batched_descent as sweep_module
from terrain_cli.strips.scenario import OWN_SETTINGS, with_descent
from terrain_cli.strips.sweep import Parameter
from tests.conftest import CONFIGS, Ran, run_process

THREE = CONFIGS / "three_strips.yaml"
Terrain = Callable[..., Ran]
BEST = 81.911687844967823857


def points(ran: Ran) -> list[dict[str, object]]:
    assert (ran.code, ran.err) == (0, "")
    return list(json.loads(ran.out)["points"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.5:2.0", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0]),
        ("0:1:3", [0, 0.5, 1]),
        ("1:0:3", [1, 0.5, 0]),
        ("-1:1:2", [-1, 1]),
        ("1,2.5,1e3", [1, 2.5, 1000]),
        ("7", [7]),
        ("-0.1:0.1:5", [-0.1, -0.05, 0, 0.05, 0.1]),
        ("0:3e2:4e0", [0, 100, 200, 300]),
        ("-1e308:1e308:3", [-1e308, 0, 1e308]),
    ],
)
def test_values(text: str, values: list[float]) -> None:
    assert list(parse_values(text, "--step")) == values


@pytest.mark.parametrize("seed", range(3))
def test_values_are_the_nearest_floats_to_the_decimal_numbers(seed: int) -> None:
    """Against fractions and against 50 digits."""
    rng = np.random.default_rng(seed)
    context = decimal.Context(prec=50)
    for count in range(3, 60):
        a, b = (round(end, digits) for end, digits in zip(rng.uniform(-10, 10, 2), rng.integers(0, 6, 2), strict=True))
        start, stop = Fraction(repr(float(a))), Fraction(repr(float(b)))
        values = ValueRange(float(a), float(b), count)
        assert list(values) == [float(start + (stop - start) * Fraction(i, count - 1)) for i in range(count)]
        low, high = (float(f"{10.0**end:.3g}") for end in rng.uniform(-300, 300, 2))
        logs = [context.ln(decimal.Decimal(repr(end))) for end in (low, high)]
        slope = context.divide(context.subtract(logs[1], logs[0]), count - 1)
        inner = [
            float(context.exp(context.add(logs[0], context.multiply(slope, decimal.Decimal(i)))))
            for i in range(1, count - 1)
        ]
        assert list(ValueRange(low, high, count, log=True)) == [low, *inner, high]


@given(st.floats(0, 1e308), st.integers(2, 1000))
def test_ranges_across_zero_are_symmetric(end: float, count: int) -> None:
    values = list(ValueRange(-end, end, count))
    assert values == [-value for value in reversed(values)]
    assert count % 2 == 0 or values[count // 2] == 0


def test_log_values() -> None:
    assert list(parse_values("1e-3:1e3:7:log", "--step")) == [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]
    assert list(parse_values("1e-5:1e308:3:log", "--step")) == [1e-5, 3.1622776601683794e151, 1e308]
    values = parse_values("0.01:10:log", "--step")
    assert (len(values), values[0], values[-1]) == (16, 0.01, 10)
    assert np.diff(np.log(values)) == pytest.approx(np.log(1000) / 15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a", "must be numbers separated by commas"),
        ("1:", "must be START:STOP"),
        ("1:2:3:4", "must be START:STOP"),
        ("1:2:x", "must be START:STOP"),
        ("1:log", "must be START:STOP"),
        (
            "1:2:1",
            "COUNT in START:STOP:COUNT is the number of values: it must be a whole number from 2 to 10,000,000, got 1",
        ),
        ("1:2:99999999999", "from 2 to 10,000,000, got 99999999999"),
        ("1:2:2.5", "must be a whole number from 2 to 10,000,000, got 2.5"),
        ("1:2:nan", "must be a whole number"),
        ("1:2:-inf:log", "must be a whole number"),
        ("nan:2", "START must be a finite number"),
        ("1:1e400", "STOP must be a finite number"),
        ("-1:2:log", "log spacing needs ends greater than 0"),
    ],
)
def test_invalid_ranges(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_values(text, "--step")


def test_works_exactly_as_written_from_any_folder(tmp_path: Path) -> None:
    ran = run_process("sweep", "--step", "0.5:2.0", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[0].split() == ["step", "time", "(s)", "gap", "reached", "verdict"]
    assert lines[1].split() == ["0.5", "83.105696", "1.46", "%", "-", "iterations"]
    assert lines[16].split() == ["2", "81.911910", "0.00027", "%", "14", "iterations", "<-", "best"]
    assert lines[17:] == [
        "reached: iterations until within 0.01 % of the optimum",
        "16 points: 16 ran out of iterations",
        "best: step = 2: 81.911910 s, 0.00027 % above the optimum, within 0.01 % after 14 iterations",
        "cliff: no step of 3.952 or more converges (2/largest curvature at the optimum)",
    ]


def test_the_cliff_is_seen(terrain: Terrain) -> None:
    ran = terrain("sweep", "--step", "0.1:6:60", "--iterations", "3000", "--json")
    document = json.loads(ran.out)
    assert document["cliff"] == pytest.approx(3.9520624, abs=1e-6)
    for point in document["points"]:
        step = point["descent.step"]
        if abs(step - 3.952) > 0.1:
            assert point["status"] == ("diverged" if step > 3.952 else "converged")
    assert "<- best" in terrain("sweep", "--step", "0.1:6").out


@pytest.mark.parametrize("method", OWN_SETTINGS)
def test_each_point_is_the_solve_of_its_own(method: str) -> None:
    scenario = with_descent(load_strips(THREE), method=method, iterations=50)
    varied = {"strips.1.speed": [0.2, 0.9], "offset": [-5.0, 30.0], "strips.2.width": [1.0, 20.0]}
    if method not in ("snell",):
        varied |= {"descent.initial.1": [1.0, 4.0]}
    [block] = sweep_module.descend_batched(scenario, varied)
    combinations = list(itertools.product(*varied.values()))
    assert [tuple(row) for row in block.values] == combinations
    for i, combination in enumerate(combinations):
        data = scenario.model_dump(exclude_unset=True)
        for name, value in zip(varied, combination, strict=True):
            *path, last = (int(part) if part.isdecimal() else part for part in name.split("."))
            inside: Any = data
            for part in path:
                inside = inside[part]
            inside[last] = value
        alone = solve(StripsScenario.model_validate(data))
        assert block.time[i] == pytest.approx(alone.time, rel=1e-13)
        assert (block.status[i], block.iterations[i]) == (alone.status, alone.iterations)
        assert block.optimum[i] == pytest.approx(float(alone.optimum.time), rel=1e-14)


def test_missing_step_and_initial_follow_the_ground() -> None:
    """The default step and initial path depend on the strips of each point, not on those of the file."""
    data = {"strips": [{"width": 3, "speed": 1}, {"width": 2, "speed": 2}, {"width": 1, "speed": 4}], "offset": 4}
    scenario = with_descent(StripsScenario.model_validate(data), iterations=7)
    for method in ("gradient", "adam"):
        changed = with_descent(scenario, method=method)
        [block] = sweep_module.descend_batched(changed, {"strips.0.width": [0.5, 9.0]})
        for i, width in enumerate((0.5, 9.0)):
            alone = changed.model_copy(
                update={"strips": [changed.strips[0].model_copy(update={"width": width}), *changed.strips[1:]]}
            )
            assert block.time[i] == pytest.approx(solve(alone).time, rel=1e-13)


def test_reached_is_the_first_iteration_close_to_the_optimum() -> None:
    scenario = with_descent(load_strips(THREE), iterations=500)
    [block] = sweep_module.descend_batched(
        scenario, {"descent.step": [0.1, 0.5, 1.0, 1.5, 2.0, 5.0]}, within=1e-3 / BEST
    )
    assert block.reached.tolist() == [392, 77, 38, 24, 18, -1]


def test_iterations_can_be_swept() -> None:
    [block] = sweep_module.descend_batched(load_strips(THREE), {"descent.iterations": [0, 5, 20]})
    assert block.iterations.tolist() == [0, 5, 20]
    assert block.time[2] == pytest.approx(81.91638300562, rel=1e-11)


def test_neither_points_nor_their_count_compile_anything_new() -> None:
    scenario = load_strips(THREE)
    list(sweep_module.descend_batched(scenario, {"descent.step": [1.0, 2.0]}))
    before = len(sweep_module._solve_block.programs)
    for count in (3, 300, 1000):
        blocks = list(sweep_module.descend_batched(scenario, {"descent.step": np.linspace(0.1, 2, count).tolist()}))
        assert sum(len(block.time) for block in blocks) == count
    list(sweep_module.descend_batched(scenario, {"offset": [1.0], "strips.0.speed": [2.0, 3.0]}))
    assert len(sweep_module._solve_block.programs) == before


@pytest.mark.parametrize("method", ["gradient", "adam"])
def test_a_long_descent_is_interrupted_and_goes_on(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The compiled loop returns after a bounded number of iterations, for Ctrl-C, and nothing changes or is compiled again."""
    scenario, varied = load_strips(THREE), {"descent.step": [0.5, 1.0]}
    scenario = scenario.model_copy(update={"descent": scenario.descent.model_copy(update={"method": method})})
    [whole] = sweep_module.descend_batched(scenario, varied)
    before = len(sweep_module._solve_block.programs)
    real, untils = sweep_module._solve_block, []

    def record(descents: Any, cases: Any, until: int, within: float, **static: Any) -> Any:
        untils.append(until)
        return real(descents, cases, until, within, **static)

    monkeypatch.setattr(sweep_module, "_solve_block", record)
    monkeypatch.setattr(sweep_module, "WORK", 256 * 3 * 4)
    [pieces] = sweep_module.descend_batched(scenario, varied)
    assert untils == list(range(3, int(max(whole.iterations)) + 4, 4))
    assert len(untils) > 3
    for field, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(field, other)
    assert len(real.programs) == before


def test_one_strip_and_thousands() -> None:
    one = StripsScenario.model_validate({"strips": [{"width": 3, "speed": 1}], "offset": 4})
    [block] = sweep_module.descend_batched(one, {"strips.0.speed": [1.0, 2.0]})
    assert block.time.tolist() == [5.0, 2.5]
    many = StripsScenario.model_validate(
        {"strips": [{"width": 1, "speed": 1 + i % 3} for i in range(20_000)], "offset": 4}
    )
    blocks = list(sweep_module.descend_batched(with_descent(many, iterations=2), {"offset": list(range(110))}))
    assert [len(block.time) for block in blocks] == [104, 6]


def test_steps_far_beyond_the_cliff_end_in_finite_numbers_or_none(terrain: Terrain) -> None:
    ran = terrain("sweep", "--vary", "descent.step=1e-50:1e300:5:log", "--json")
    assert not {"NaN", "Infinity"} & set(re.findall(r"\w+", ran.out))
    assert [point["descent.step"] for point in points(ran)][::2] == [1e-50, 1e125, 1e300]
    out = terrain("sweep", "--step", "1e-5:1e308:3:log").out
    assert not {"nan", "inf"} & set(re.findall(r"\w+", out))
    assert "1.13e+153 %" in out


def test_ranges_store_only_their_ends() -> None:
    values = parse_values("0:1:10000000", "--step")
    assert (len(values), values[0], values[-1], values[2500]) == (10**7, 0, 1, 2500 / 9999999)
    assert values[1:4] == [values[1], values[2], values[3]]
    assert sys.getsizeof(values) < 100
    with pytest.raises(IndexError):
        values[10**7]
    quantity = Parameter(load_strips(THREE), "offset")
    assert quantity.check(values) is values
    with pytest.raises(InputError, match="whole number"):
        Parameter(load_strips(THREE), "descent.iterations").check(parse_values("0:10:5", ""))


@pytest.mark.skipif(sys.platform != "linux", reason="kilobytes are Linux's")
@pytest.mark.slow
def test_memory_does_not_grow_with_the_points(tmp_path: Path) -> None:
    """With twenty times the points in a JSON document, the peak grows by less than 40 MB."""
    peaks = []
    for count in (5_000, 100_000):
        code = (
            "import resource, sys; from terrain_cli.cli import main\n"
            f"try: main(['sweep', {str(THREE)!r}, '--method', 'snell', '--vary', 'offset=0:40:{count}', '--json'])\n"
            "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        with (tmp_path / "points.json").open("wb") as out:
            done = subprocess.run([sys.executable, "-c", code], stdout=out, stderr=subprocess.PIPE, check=True)
        peaks.append(int(done.stderr.split()[-1]))
    assert len(json.loads((tmp_path / "points.json").read_text())["points"]) == 100_000
    assert peaks[1] < peaks[0] + 40_000


def test_csv_and_json_and_output_agree(terrain: Terrain, tmp_path: Path) -> None:
    arguments = ("sweep", THREE, "--vary", "strips.1.speed=0.2:0.8:5", "--vary", "offset=0,20")
    expected = points(terrain(*arguments, "--json"))
    assert len(expected) == 10
    assert terrain(*arguments, "--quiet", "--output", tmp_path / "P.CSV").code == 0
    assert (tmp_path / "P.CSV").read_text() == terrain(*arguments, "--csv").out
    (tmp_path / "P.CSV").unlink()
    for name in ("p.csv", "p.json"):
        assert terrain(*arguments, "--quiet", "--output", tmp_path / name).code == 0
    rows = list(csv.DictReader(io.StringIO(terrain(*arguments, "--csv").out)))
    assert (tmp_path / "p.csv").read_text() == terrain(*arguments, "--csv").out
    assert json.loads((tmp_path / "p.json").read_text()) == expected
    assert [float(row["time"]) for row in rows] == [point["time"] for point in expected]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p.csv", "p.json"]


def test_what_is_not_finite_is_null(terrain: Terrain) -> None:
    ran = terrain("sweep", "--step", "1,1e200", "--json")
    document = json.loads(ran.out, parse_constant=pytest.fail)
    assert [point["time"] is None for point in document["points"]] == [False, True]
    ran = terrain("sweep", "--step", "1,1e200")
    assert ran.out.splitlines()[2].split() == ["1e+200", "-", "-", "-", "diverged"]
    rows = list(csv.DictReader(io.StringIO(terrain("sweep", "--step", "1e200", "--csv").out)))
    assert rows[0]["time"] == ""
    assert terrain("sweep", "--step", "1e200").code == 0


def test_a_sweep_by_snell_has_times_alone(terrain: Terrain) -> None:
    ran = terrain("sweep", "--method", "snell", "--vary", "offset=0:20:3")
    assert [line.split() for line in ran.out.splitlines()] == [
        ["offset", "(m)", "time", "(s)"],
        ["0", "69.841270"],
        ["10", "73.165765"],
        ["20", "81.911688"],
        ["3", "points"],
    ]
    ran = terrain("sweep", "--method", "snell", "--vary", "offset=0,20", "--vary", "strips.1.speed=0.3,0.4")
    assert "*" not in ran.out
    assert ran.out.endswith("\n4 points\n")


def test_what_diverged_is_not_the_best(terrain: Terrain) -> None:
    for values in ("5", "4.5,5"):
        ran = terrain("sweep", "--step", values)
        assert ran.code == 0
        assert "best" not in ran.out
    # At the step 4.5 the time is lower than at 0.01, but it was diverging.
    assert "best: step = 0.01: " in terrain("sweep", "--step", "0.01,4.5").out


def test_two_numbers_give_a_table_of_times(terrain: Terrain) -> None:
    varied = ("--vary", "descent.step=1,5", "--vary", "offset=0:40:3")
    ran = terrain("sweep", *varied)
    rows = [line.split() for line in ran.out.splitlines()]
    assert ran.out.startswith("time (s): step down, offset (m) across\n")
    assert rows[1:4] == [["0", "20", "40"], ["1", "*", "69.841932", "81.992012", "109.259508"],
                         ["5", "diverged", "diverged", "106.803477"]]  # fmt: skip
    assert "* best: step = 1, offset (m) = 0: 69.841932 s" in ran.out
    # Where the values of the second are too many, they are the rows; where both are, every point has a row.
    ran = terrain("sweep", "--vary", "descent.step=1,5", "--vary", "offset=0:40:11")
    assert ran.out.startswith("time (s): offset (m) down, step across\n")
    assert len(ran.out.splitlines()) == 2 + 11 + 2
    ran = terrain("sweep", "--vary", "descent.step=1:5:9", "--vary", "offset=0:40:9")
    assert ran.out.split()[:3] == ["step", "offset", "(m)"]
    assert "41 of 81 points shown" in ran.out


def test_long_tables_are_thinned_on_screen_alone(terrain: Terrain) -> None:
    ran = terrain("sweep", "--step", "0.1:6:1000")
    assert len(ran.out.splitlines()) < 70
    assert "of 1,000 points shown; --csv, --json and --output have all" in ran.out
    assert len(points(terrain("sweep", "--step", "0.1:6:1000", "--json"))) == 1000


@pytest.mark.parametrize("form", ["table", "--json", "--csv", "p.csv", "p.json"])
def test_ctrl_c_keeps_the_results_so_far(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    real = sweep_module._solve_block
    calls = []

    def interrupted(*arguments: Any, **static: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **static)

    monkeypatch.setattr(sweep_module, "_solve_block", interrupted)
    output = ["--output", tmp_path / form] if form.startswith("p.") else [form] if form.startswith("--") else []
    ran = terrain("sweep", "--step", "0.1:6:2000", *output)
    assert ran.code == 130
    wrote = f"wrote {tmp_path / form}\n" if form.startswith("p.") else ""
    assert ran.err == f"{wrote}interrupted after 512 of 2,000 points, which are kept\n"
    if form == "--json":
        assert len(json.loads(ran.out)["points"]) == 512
    elif form == "--csv":
        assert len(ran.out.splitlines()) == 513
    elif form == "p.json":
        assert len(json.loads((tmp_path / form).read_text())) == 512
    elif form == "p.csv":
        assert len((tmp_path / form).read_text().splitlines()) == 513
    else:
        assert "512 points" in ran.out


def test_names_are_shown_as_they_are(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "strips: [{width: 1, speed: 1, name: '[b]'}, {width: 1, speed: 2}]\noffset: 1\nunits: {time: '[/]'}\n"
    )
    ran = terrain("sweep", path, "--vary", "strips.0.speed=1:2:3")
    assert ran.code == 0
    assert "strip 1 ([b])" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to vary: give --step 0.5:2.0, or --vary NAME=VALUES"),
        (("--step", "fast"), "--step: must be numbers separated by commas"),
        (("--step", "0:2"), "--step: must be greater than 0, got 0"),
        (("--step", "-1e308"), "--step: must be at most 1e+50 in magnitude: choose larger units, got -1e+308"),
        (("--step", "nan,1"), "--step: must be a finite number, got nan"),
        (("--step", "1", "--method", "newton"), "--step: is not a setting of method newton"),
        (("--vary", "descent.step=-1:1"), "--vary descent.step: must be greater than 0, got -1"),
        (("--vary", "descent.iterations=1:2"), "--vary descent.iterations: must be a whole number, got 1.06667"),
        (("--step", "1", "--vary", "offset=1e60"), "--vary offset: must be at most 1e+50 in magnitude"),
        ((CONFIGS / "lake.yaml", "--vary", "map.cell=0"), "--vary map.cell: must be greater than 0, got 0"),
        ((CONFIGS / "lake.yaml", "--vary", "map.legend.q=1"), "--vary map.legend.q: is not a number of this map"),
        (("--vary", "offset"), "--vary: must be NAME=VALUES"),
        (("--vary", "=1"), "--vary: must be NAME=VALUES"),
        (
            ("--vary", "ofset=1"),
            "--vary ofset: is not a number of this scenario (method gradient): did you mean offset?",
        ),
        (
            ("--vary", "strips.1.sped=1"),
            "--vary strips.1.sped: is not a number of this scenario (method gradient): did you mean strips.1.speed?",
        ),
        (("--vary", "strip[2].speed=1"), "did you mean strips.2.speed?"),
        (("--vary", "strips.9.with=1"), "did you mean strips.2.width?"),
        (("--vary", "descent.intial.1=1"), "did you mean descent.initial.1?"),
        (("--vary", "strips.1.speed=0.3,-1"), "--vary strips.1.speed: must be greater than 0, got -1"),
        (("--vary", "offset=1", "--vary", "offset=2"), "--vary offset: is given twice"),
        (("--vary", "offset=1", "--vary", "strips.1.speed=1", "--vary", "strips[1].speed=2"), "are not all different"),
        (("--method", "snell", "--vary", "descent.initial.0=1"), "is not a number of this scenario (method snell)"),
        (("--step", "1", "--vary", "descent.step=2"), "--vary descent.step: is given twice"),
        (("--step", "1", "--method", "snell"), "--step: is not a number of this scenario (method snell)"),
        (("--step", "1", "--within", "0"), "--within: must be greater than 0 and less than 1, got 0"),
        (("--step", "1", "--output", "x.txt"), "--output: must end in .csv, .json, .png, .svg or .pdf, got x.txt"),
        (("--step", "1", "--json", "--csv"), "--json and --csv cannot be used together"),
        (("--vary", f"strips.{'9' * 5000}.speed=1:2"), "is not a number of this scenario"),
        (
            ("--step", "1:2:10000000", "--vary", "offset=0:1:10000000", "--vary", "strips.0.speed=1:2:10000000"),
            "--vary: must give at most 9,007,199,254,740,992 combinations of values: give shorter ranges",
        ),
        (
            ("--step", "1", "--output", "no/such/folder/x.csv"),
            "no/such/folder/x.csv: cannot be written: there is no folder no/such/folder",
        ),
        (("nowhere.yaml", "--step", "1"), "nowhere.yaml: no such file"),
    ],
)
def test_invalid_calls(terrain: Terrain, arguments: tuple[str | Path, ...], message: str) -> None:
    ran = terrain("sweep", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.startswith(message[: message.find(":")]) or not message.startswith("--")
    assert "Traceback" not in ran.err


def test_nothing_half_written(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "terrain_cli.commands.points.json.dumps",
        lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")),
    )
    ran = terrain("sweep", "--step", "1,2", "--quiet", "--output", tmp_path / "p.json")
    assert ran.code == 2
    assert "p.json: cannot be written: No space left on device" in ran.err
    assert list(tmp_path.iterdir()) == []
