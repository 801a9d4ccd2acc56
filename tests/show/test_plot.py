"""`terrain plot`, and what its figures contain."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, findfont, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from terrain_cli.files import check_output
from terrain_cli.scenario.load import load_strips
from terrain_cli.show import style as style_module
from terrain_cli.show.strips.figure import plot, texts_of
from terrain_cli.show.strips.rows import fan_rows
from terrain_cli.show.style import displayable, figure_style, lay_out, power_of_ten, save
from terrain_cli.strips.scenario import StripsScenario, with_descent
from terrain_cli.strips.solution import StripsSolution, solve
from tests.conftest import CONFIGS, STRIPS_FILES, Ran

THREE = CONFIGS / "three_strips.yaml"
HOSTILE = "a_b $x^2$ <i>&amp; \\b %Ж"

ONE = "{name: one, strips: [{width: 10, speed: 0.7, name: meadow}], offset: 20}"
FLAT = "{name: flat, strips: [{width: 1, speed: 1}, {width: 1, speed: 1}, {width: 1, speed: 1}], offset: 0}"
BACK = "{name: back, strips: [{width: 3, speed: 1}, {width: 2, speed: 4}, {width: 5, speed: 2}], offset: -12}"
THIN = "{name: thin, strips: [{width: 1e-6, speed: 1}, {width: 1e6, speed: 4}, {width: 1, speed: 2}], offset: 1e6}"
STILL = "{name: still, strips: [{width: 3, speed: 1}, {width: 2, speed: 4}], offset: 2, descent: {iterations: 0}}"


@pytest.fixture(scope="module")
def post() -> StripsSolution:
    return solve(load_strips(THREE))


@pytest.fixture(autouse=True)
def _ink() -> Iterator[None]:
    with figure_style():
        yield


def panels(figure: Figure) -> list[Axes]:
    """The axes of the panels, without colour bars."""
    return [axes for axes in figure.axes if axes.get_label() in ("landscape", "time", "gap", "paths")]


def line(axes: Axes, label: str) -> Line2D:
    return next(line for line in axes.get_lines() if line.get_label() == label)


def points(axes: Axes, label: str) -> np.ndarray:
    return np.asarray(line(axes, label).get_xydata())


def texts(figure: Figure) -> list[str]:
    lay_out(figure)
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_landscape(post: StripsSolution) -> None:
    (axes,) = panels(plot(post, "landscape"))
    trace = np.array([row.x for row in post.history])
    assert np.array_equal(points(axes, "_trace"), trace)
    assert np.array_equal(points(axes, "iterations"), trace)
    assert points(axes, "start").tolist() == [[2, 17]]
    assert points(axes, "end")[0] == pytest.approx([10.92159256, 3.49070087], rel=1e-9)
    assert points(axes, "exact optimum")[0] == pytest.approx([11.17307407, 3.36991448], rel=1e-8)
    assert legend(axes) == ["iterations", "start", "end", "exact optimum"]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 20), (0, 20))
    assert axes.get_xlabel() == "x₁, along strip 1 (m)"
    assert axes.get_ylabel() == "x₂, along strip 2 (m)"
    assert "time (s)" in texts(axes.get_figure(root=True))  # type: ignore[arg-type]


def test_the_title_says_where_the_other_unknowns_are() -> None:
    solution = solve(load_strips(CONFIGS / "layered_crust.yaml"))
    for held, said in ((False, "at their best"), (True, "held where the descent ended")):
        (axes,) = panels(plot(solution, "landscape", axes=(3, 1), held=held))
        assert axes.get_title(loc="left") == f"Travel time over x₄ and x₂,\nthe other 2 unknowns {said}"
        assert axes.get_xlabel() == "x₄, along strip 4 (sandstone) (m)"


def test_one_unknown_is_a_curve() -> None:
    solution = solve(load_strips(CONFIGS / "two_strips.yaml"))
    (axes,) = panels(plot(solution, "landscape"))
    curve = points(axes, "travel time")
    exact = np.hypot(curve[:, 0], 15) / 10 + np.hypot(18 - curve[:, 0], 20) / 1.2
    assert curve[:, 1] == pytest.approx(exact, rel=1e-14)
    assert np.array_equal(points(axes, "_trace"), [[row.x[0], row.time] for row in solution.history])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x₁, along strip 1 (road) (m)", "time (s)")


def test_objective(post: StripsSolution) -> None:
    above, below = panels(plot(post, "objective"))
    times = np.array([row.time for row in post.history])
    drawn = next(line for line in above.get_lines() if len(np.asarray(line.get_xdata())) == 21)
    assert np.array_equal(np.asarray(drawn.get_xydata()), np.column_stack([np.arange(21), times]))
    assert np.asarray(line(above, "exact optimum").get_ydata()) == pytest.approx(81.911687844968)
    assert legend(above) == ["exact optimum", "start", "end"]
    assert points(above, "end").tolist() == [[20, times[-1]]]
    assert (above.get_ylabel(), below.get_xlabel(), below.get_yscale()) == ("time (s)", "iteration", "log")
    assert points(below, "start")[0, 1] == pytest.approx(100 * (102.645293859 / 81.911687844968 - 1), rel=1e-8)


def test_a_comparison_overlays_descents(post: StripsSolution) -> None:
    runs = [(f"step {step}", solve(with_descent(post.scenario, step=step))) for step in (0.5, 3.19, 4.2)]
    figure = plot(runs[0][1], "objective", runs=runs)
    above, below = panels(figure)
    assert legend(above) == ["exact optimum", "step 0.5", "step 3.19", "step 4.2"]
    for label, run in runs:
        assert np.asarray(line(above, label).get_ydata()).tolist() == [row.time for row in run.history]
    assert (
        len({(str(line(above, label).get_color()), str(line(above, label).get_linestyle())) for label, _ in runs}) == 3
    )
    assert len(below.get_lines()) == 3
    assert "step 4.2: diverged." in " ".join(texts(figure)).replace("\n", " ")


def test_a_gap_lost_in_rounding_stays_on_the_axis() -> None:
    figure = plot(solve(load_strips(CONFIGS / "uniform.yaml")), "objective")
    _, below = panels(figure)
    low, high = below.get_ylim()
    for drawn in below.get_lines():
        values = np.asarray(drawn.get_ydata(), dtype=float)
        assert np.all((values >= low) & (values <= high))
    assert "rounding" in texts(figure)


def test_paths(post: StripsSolution) -> None:
    figure = plot(post, "paths")
    (axes,) = panels(figure)
    fan = next(
        artist for artist in axes.collections if isinstance(artist, LineCollection) and artist.get_array() is not None
    )
    segments = fan.get_segments()
    assert len(segments) == 21
    for row, segment in zip(post.history, segments, strict=True):
        assert np.array_equal(segment, [[0, 0], [10, row.x[0]], [20, row.x[0] + row.x[1]], [30, 20]])
    assert np.asarray(fan.get_array()).tolist() == list(range(21))
    assert np.array_equal(points(axes, "end"), segments[-1])
    assert points(axes, "exact optimum")[1:3, 1] == pytest.approx([11.17307407, 14.54298855], rel=1e-8)
    assert legend(axes) == ["start", "exact optimum", "end"]
    assert {"A", "B", "x₁", "x₂", "iteration", "strip 2\n0.3 m/s"} <= set(texts(figure))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("across the strips (m)", "along the strips (m)")


def test_strips_are_shaded_by_speed(post: StripsSolution) -> None:
    (axes,) = panels(plot(post, "paths"))
    ground = axes.collections[0]
    ground.update_scalarmappable()
    shades = np.reshape(ground.get_facecolor(), (-1, 4))[:, 0]
    assert shades[0] > shades[2] > shades[1]


def test_many_strips_have_a_colour_bar() -> None:
    figure = plot(solve(load_strips(CONFIGS / "fifty_strips.yaml")), "paths")
    said = texts(figure)
    assert "speed (m/s)" in said
    assert not any(text.startswith("strip 3") for text in said)


def test_names_of_narrow_strips_do_not_overlap() -> None:
    figure = plot(solve(load_strips(CONFIGS / "layered_crust.yaml")), "paths")
    lay_out(figure)
    figure.draw_without_rendering()
    found = {text.get_text(): text for text in figure.findobj(Text) if isinstance(text, Text)}
    places = [found[name].get_window_extent().x0 for name in sorted(found) if name.startswith("strip ")]
    assert len(places) == 5
    assert np.all(np.diff(places) > 1.2 * 9 * figure.dpi / 72)


def test_a_long_descent_is_thinned_and_keeps_its_ends() -> None:
    solution = solve(load_strips(CONFIGS / "fast_road.yaml"))
    rows = fan_rows(solution.history, 50)
    assert 20 < len(rows) <= 51
    assert (rows[0].iteration, rows[-1].iteration) == (0, solution.iterations)
    assert [row.iteration for row in rows[:5]] == [0, 1, 2, 3, 4]


def test_kind_all_has_every_panel() -> None:
    figure = plot(solve(load_strips(THREE)), "all")
    assert [axes.get_label() for axes in panels(figure)] == ["landscape", "paths", "time", "gap"]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_writes_what_the_ending_says(terrain: Callable[..., Ran], tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"post.{ending.upper() if ending == 'png' else ending}"
    ran = terrain("plot", THREE, "-o", file, "--kind", "all")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[-1] == f"wrote {file}"
    head = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert file.read_bytes().startswith(head)
    assert list(tmp_path.iterdir()) == [file]


ODD = {"one": ONE, "flat": FLAT, "back": BACK, "thin": THIN, "still": STILL}


@pytest.mark.parametrize(
    ("name", "method"),
    # To a figure, the methods that descend are alike but for the caption.
    [*((name, method) for name in ODD for method in ("gradient", "snell")), ("thin", "momentum"), ("back", "adam")],
)
def test_odd_scenarios_are_drawn(terrain: Callable[..., Ran], tmp_path: Path, name: str, method: str) -> None:
    (tmp_path / "odd.yaml").write_text(ODD[name])
    iterations = ["--iterations", 30] if method != "snell" and name != "still" else []
    ran = terrain(
        "plot", tmp_path / "odd.yaml", "--kind", "all", "--method", method, *iterations, "-o", tmp_path / "o.svg"
    )
    assert ran.code == 0, ran.err
    assert "nan" not in (tmp_path / "o.svg").read_text().lower()


@pytest.mark.parametrize("step", ["5", "1e3", "1e200"])
def test_bounces_and_numbers_that_are_not_finite_are_drawn(
    terrain: Callable[..., Ran], tmp_path: Path, step: str
) -> None:
    ran = terrain("plot", THREE, "--kind", "all", "--step", step, "-o", tmp_path / "o.png")
    assert ran.code == 0, ran.err
    assert "Diverged" in ran.err
    with Image.open(tmp_path / "o.png") as image:
        assert len(image.getcolors(1 << 24) or []) > 100


@pytest.mark.parametrize("file", STRIPS_FILES, ids=lambda file: file.stem)
def test_every_packaged_scenario_is_drawn(terrain: Callable[..., Ran], tmp_path: Path, file: Path) -> None:
    assert terrain("plot", file, "--kind", "all", "-o", tmp_path / "o.svg").code == 0


def test_an_svg_is_the_same_bytes_again(tmp_path: Path) -> None:
    """From two processes, which order their sets differently."""
    kinds = ["landscape", "objective", "paths"]
    program = (
        "import sys; from terrain_cli.cli import main\n"
        f"for kind in {kinds!r}:\n"
        f"    try: main(['plot', {str(THREE)!r}, '--kind', kind, '-o', sys.argv[1] + kind + '.svg'])\n"
        "    except SystemExit as end: assert not end.code, end.code"
    )
    for name in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": name}
        subprocess.run([sys.executable, "-c", program, name], cwd=tmp_path, env=environment, check=True)
    for kind in kinds:
        first = (tmp_path / f"1{kind}.svg").read_bytes()
        assert first == (tmp_path / f"2{kind}.svg").read_bytes()
        assert b"<dc:date>" not in first


def hostile(name: str) -> StripsScenario:
    strips = [{"width": 10, "speed": speed, "name": name} for speed in (0.7, 0.3, 0.45)]
    units = {"length": "$m$", "time": "<s>"}
    data = {"name": name, "strips": strips, "offset": 20, "units": units, "descent": {"iterations": 5}}
    return StripsScenario.model_validate(data)


def svg_texts(file: Path) -> list[str]:
    root = ET.parse(file).getroot()
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_names_appear_as_they_are_written(tmp_path: Path) -> None:
    scenario = hostile(HOSTILE)
    with figure_style(*texts_of(scenario)) as missing:
        save(plot(solve(scenario), "all"), tmp_path / "o.svg", missing)
    said = svg_texts(tmp_path / "o.svg")
    assert not missing
    assert HOSTILE in said
    assert f"strip 1 ({HOSTILE}), 0.7 $m$/<s>" in said
    assert "time (<s>)" in said
    assert f"x₁, along strip 1 ({HOSTILE}) ($m$)" in " ".join(said)


def test_line_breaks_are_kept_and_control_characters_replaced(tmp_path: Path) -> None:
    with figure_style():
        save(plot(solve(hostile("two\nlines\u0378")), "paths"), tmp_path / "o.svg")
    assert {"two", "lines\N{REPLACEMENT CHARACTER}"} <= set(svg_texts(tmp_path / "o.svg"))


def test_a_name_is_not_read_as_mathematics_in_a_png(tmp_path: Path) -> None:
    """The pixels of "$x$" are those of three characters, not those of an italic x."""
    for file, mathematics in (("plain.png", False), ("read.png", True)):
        with figure_style():
            figure = Figure(figsize=(2, 1))
            text = figure.text(0.1, 0.5, displayable("$x$"))
            if mathematics:
                text.set_parse_math(True)
            save(figure, tmp_path / file)
    widths = [np.ptp(np.argwhere(np.asarray(Image.open(tmp_path / file).convert("L")) < 128)[:, 1])
              for file in ("plain.png", "read.png")]  # fmt: skip
    assert widths[0] > 2 * widths[1]


def test_letters_that_no_font_has_are_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fontManager, "ttflist", [])
    scenario = hostile("森の道")
    with figure_style(*texts_of(scenario)) as missing:
        with pytest.warns(RuntimeWarning, match="no installed font has の森道: drawn as boxes") as warned:
            save(plot(solve(scenario), "paths"), tmp_path / "o.png", missing)
        assert len(warned) == 1
        save(plot(solve(scenario), "paths"), tmp_path / "o.svg", missing)
    assert any("森の道" in text for text in svg_texts(tmp_path / "o.svg"))


def test_fonts_that_have_the_letters_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the default font lacks a letter, an installed font that has it is found."""
    usual = findfont("DejaVu Sans")

    class Bare:
        def get_char_index(self, _: int) -> int:
            return 0

    monkeypatch.setattr("terrain_cli.show.style.get_font", lambda file: Bare() if file == usual else get_font(file))
    fonts = [font for font in fontManager.ttflist if font.name == "DejaVu Serif"]
    broken = FontEntry(fname="nowhere.ttf", name="Broken", style="normal", weight=400)
    monkeypatch.setattr(fontManager, "ttflist", [broken, *fonts])
    families, missing = style_module._fonts_for({"Ж", "森"})
    assert (families, missing) == (["DejaVu Serif"], {"森"})


def test_matplotlib_settings_of_the_user_change_nothing(post: StripsSolution, tmp_path: Path) -> None:
    import matplotlib

    files = tmp_path / "a.svg", tmp_path / "b.svg"
    for file, size in zip(files, (5, 25), strict=True):
        with (
            matplotlib.rc_context({"font.size": size, "axes.facecolor": "red", "text.parse_math": True}),
            figure_style(),
        ):
            save(plot(post, "landscape"), file)
            assert matplotlib.rcParams["font.size"] == 10
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.jpg"], "--output: must end in .png, .svg or .pdf, got a.jpg"),
        (["-o", "a"], "--output: must end in .png, .svg or .pdf, got a"),
        (["-o", "nowhere/a.png"], "nowhere/a.png: cannot be written: there is no folder nowhere"),
        (["-o", "folder.png"], "folder.png: cannot be written: it is a folder"),
        (["-o", "file.txt/a.png"], "file.txt/a.png: cannot be written: there is no folder file.txt"),
        (["-o", "a" * 300 + ".png"], ".png: cannot be written: File name too long"),
        (["-o", "a.png", "--kind", "map"], "--kind for strips must be one of landscape, objective, paths, all, got 'map'"),
        (["-o", "a.png", "--axes", "1,1"], "--axes: must be one or two different unknowns, counting from 1, such as"),
        (["-o", "a.png", "--axes", "0,1"], "--axes: must be one or two different"),
        (["-o", "a.png", "--axes", "1,2,3"], "--axes: must be one or two different"),
        (["-o", "a.png", "--axes", "x"], "--axes: must be one or two different"),
        (["-o", "a.png", "--axes", " "], "--axes: must be one or two different"),
        (["-o", "a.png", "--axes", "1,3"], "--axes: there is no x_3: the scenario has 2 unknowns, one for"),
        (["-o", "a.png", "--kind", "paths", "--axes", "1,2"], "--axes: works only with --kind landscape or all, not with paths"),
        (["-o", "a.png", "--kind", "objective", "--held"], "--held: works only with --kind landscape or all, not with objective"),
        (["-o", "a.png", "--compare", "step=1,2"], "--compare: works only with --kind objective, not with landscape"),
        (["--compare", "speed=1"], "--compare: must be step=VALUES or method=NAMES, such as step=0.5,1.5,3.19, got 'speed=1'"),
        (["--compare", "step"], "--compare: must be step=VALUES"),
        (["--compare", "step=1,,2"], "--compare: must be step=VALUES"),
        (["--compare", "step=1,x"], "--compare step: must be numbers"),
        (["--compare", "step=1,-2"], "--compare step: must be greater than 0, got -2.0"),
        (["--compare", "method=gradient,foo"], "--compare method: must be one of"),
        (["--compare", "step=1,2,3,4,5,6,7,8,9"], "--compare: must have at most 8 values, got 9"),
        (["--method", "snell", "--compare", "step=1,2"], "--compare step: method snell takes no steps"),
        (["-o", "a.png", "--step", "-1"], "--step: must be greater than 0"),
        (["-o", "a.png", "--initial", "1,b"], "--initial: must be numbers"),
    ],
)  # fmt: skip
def test_refuses(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file.txt").touch()
    ran = terrain("plot", THREE, *([] if "-o" in arguments else ["--kind", "objective", "-o", "a.png"]), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder.png"]


@pytest.mark.parametrize(("count", "said"), [(1, "one strip has no unknowns"), (2, "two strips have one unknown")])
def test_refuses_axes_of_few_strips(terrain: Callable[..., Ran], tmp_path: Path, count: int, said: str) -> None:
    strips = ", ".join(["{width: 1, speed: 1}"] * count)
    (tmp_path / "few.yaml").write_text(f"{{strips: [{strips}], offset: 2}}")
    ran = terrain("plot", tmp_path / "few.yaml", "-o", tmp_path / "o.png", "--axes", f"{count}")
    assert (ran.code, ran.err) == (2, f"--axes: there is no x_{count}: {said}\n")


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_drawing_leaves_nothing(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    def fail(_: Figure, file: IO[bytes], **__: Any) -> None:
        file.write(b"half")
        raise problem

    monkeypatch.setattr(Figure, "savefig", fail)
    (tmp_path / "o.png").write_bytes(b"before")
    ran = terrain("plot", THREE, "-o", tmp_path / "o.png")
    if isinstance(problem, OSError):
        assert (ran.code, ran.err) == (2, f"{tmp_path / 'o.png'}: cannot be written: No space left on device\n")
    else:
        assert ran.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["o.png"]
    assert (tmp_path / "o.png").read_bytes() == b"before"


def test_check_output_with_one_ending() -> None:
    assert check_output(Path("a.GIF"), (".gif",)) == ".gif"


def test_powers_of_ten() -> None:
    values = [1e-6, 0.01, 1, 100, 3e-7, 1e5]
    assert [power_of_ten(value) for value in values] == ["10⁻⁶", "0.01", "1", "100", "3×10⁻⁷", "10⁵"]


DRAWING = ("matplotlib", "PIL", "matplotlib.pyplot")


def test_only_drawing_imports_matplotlib(tmp_path: Path) -> None:
    """One process runs all of these, the last of which shows that the check can fail."""
    light = [
        ["solve", str(THREE), "--quiet"],
        ["solve", str(THREE), "--quiet", "--plot"],
        ["sweep", "--step", "1,2"],
        ["plot", "--help"],
        ["plot", str(THREE), "-o", "a.bmp"],
    ]
    program = (
        "import sys; from terrain_cli.cli import main\n"
        f"for arguments in {[*light, ['plot', str(THREE), '-o', 'a.png']]!r}:\n"
        "    try: main(arguments)\n"
        "    except SystemExit: pass\n"
        f"    print('loaded', *[name for name in {DRAWING!r} if name in sys.modules])"
    )
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, cwd=tmp_path, env=environment, check=True
    )
    loaded = [line.split()[1:] for line in done.stdout.decode().splitlines() if line.startswith("loaded")]
    assert loaded == [[]] * len(light) + [["matplotlib", "PIL"]]
