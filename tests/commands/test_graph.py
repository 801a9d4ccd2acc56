"""`terrain graph`: the tree in the terminal, as JSON and as a drawing."""

import itertools
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain_cli.autodiff.graph import leaves, nodes_of, read_graph
from terrain_cli.scenario.load import load_strips
from terrain_cli.show.autodiff.rows import preorder, unfold
from terrain_cli.show.autodiff.tree import draw_tree
from terrain_cli.strips.graph import time_graph
from terrain_cli.strips.ground import Strips, calc_time
from terrain_cli.strips.snell import find_optimum
from terrain_cli.strips.solution import to_ground
from terrain_cli.text import short, visible
from tests.conftest import CONFIGS, Ran, run_process

THREE = CONFIGS / "three_strips.yaml"
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = """\
name: "<img src=x onerror=alert(1)> & $x_1$ ]]>\\nline two \\u202e 沼"
strips:
  - {width: 10, speed: 0.7, name: "<script>"}
  - {width: 10, speed: 0.3, name: "沼泽\\n地"}
  - {width: 10, speed: 0.45, name: "[bold]b[/bold] 'q' \\"r\\""}
offset: 20
units: {length: "<m>", time: "$s$"}
"""


def test_the_expression_of_the_post(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", "--expr", "x**2 + y/2", "--at", "x=3,y=4", "--gradients")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "x**2 + y/2 at x = 3, y = 4\n"
        "         value  derivative  chain rule\n"
        "+           11           1\n"
        "├─ ²         9           1  1 × 1\n"
        "│  └─ x      3           6  1 × 6\n"
        "└─ ÷         2           1  1 × 1\n"
        "   ├─ y      4         0.5  1 × 0.5\n"
        "   └─ 2                 -1  1 × -1\n"
    )


def test_the_scenario_of_the_post(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", THREE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "three strips: travel time at x = (2, 17), where the descent starts\n"
        "                           value\n"
        "+                        102.645\n"
        "├─ ÷                     14.5686\n"
        "│  ├─ √                   10.198\n"
        "│  │  └─ +                   104\n"
        "│  │     ├─ ²                  4\n"
        "│  │     │  └─ x₁              2\n"
        "│  │     └─ ²                100\n"
        "│  │        └─ w₁             10\n"
        "│  └─ v₁                     0.7\n"
        "├─ ÷                     65.7436\n"
        "│  ├─ √                  19.7231\n"
        "│  │  └─ +                   389\n"
        "│  │     ├─ ²                289\n"
        "│  │     │  └─ x₂             17\n"
        "│  │     └─ ²                100\n"
        "│  │        └─ w₂             10\n"
        "│  └─ v₂                     0.3\n"
        "└─ ÷                     22.3331\n"
        "   ├─ √                  10.0499\n"
        "   │  └─ +                   101\n"
        "   │     ├─ ²                  1\n"
        "   │     │  └─ −               1\n"
        "   │     │     ├─ h           20\n"
        "   │     │     └─ +           19\n"
        "   │     │        ├─ x₁        2\n"
        "   │     │        └─ x₂       17\n"
        "   │     └─ ²                100\n"
        "   │        └─ w₃             10\n"
        "   └─ v₃                    0.45\n"
        "x movement along a strip (m), w width (m), v speed (m/s), h offset (m)\n"
    )


def test_fits_eighty_columns_and_says_what_each_place_adds(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", THREE, "-g")
    assert max(map(len, ran.out.splitlines())) <= 80
    first, second = (line for line in ran.out.splitlines() if "x₁" in line)
    assert "  0.0590465  0.07004 × 4 = 0.2802 here" in first
    assert "  0.0590465  -0.2211 × 1 = -0.2211 here" in second


def test_json_is_the_graph_with_its_derivatives(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", THREE, "--json", "--at", "3,-5")
    document = json.loads(ran.out)
    nodes = document["nodes"]
    strips = to_ground(load_strips(THREE))
    x = np.array([3.0, -5.0])
    assert (document["at"], document["x"], document["units"]) == ("given", [3, -5], {"length": "m", "time": "s"})
    assert document["value"] == nodes[0]["value"] == pytest.approx(float(calc_time(x, strips)), rel=1e-14)
    assert nodes[0]["derivative"] == 1
    assert [nodes[i]["operation"] for i in nodes[0]["inputs"]] == ["div", "div", "div"]
    leaf = {node["label"]: node["derivative"] for node in nodes if not node["inputs"]}
    gradient = jax.grad(calc_time, argnums=(0, 1))(x, strips)
    names = ["x₁", "x₂", "w₁", "w₂", "w₃", "v₁", "v₂", "v₃", "h"]
    expected = jnp.concatenate([jnp.ravel(part) for part in jax.tree.leaves(gradient)])
    assert [leaf[name] for name in names] == pytest.approx(expected.tolist(), rel=1e-12)
    assert all(i < j for i, node in enumerate(nodes) for j in node["inputs"])


def test_json_of_an_expression(terrain: Callable[..., Ran]) -> None:
    document = json.loads(terrain("graph", "--expr", "sqrt(x)", "--at", "x=0", "--json").out)
    assert (document["expression"], document["at"], document["value"]) == ("sqrt(x)", {"x": 0}, 0)
    assert [node["derivative"] for node in document["nodes"]] == [1, None]


@pytest.mark.parametrize(
    ("at", "place", "x"),
    [
        (None, "x = (2, 17), where the descent starts", [2, 17]),
        ("start", "x = (2, 17), where the descent starts", [2, 17]),
        ("end", "x = (10.9216, 3.4907), where the descent ends\n", [10.92159256, 3.49070087]),
        ("optimum", "x = (11.1731, 3.36991), the optimum", [11.17307407, 3.36991448]),
        ("-1,2e1", "x = (-1, 20)\n", [-1, 20]),
    ],
)
def test_places(terrain: Callable[..., Ran], at: str | None, place: str, x: list[float]) -> None:
    option = () if at is None else ("--at", at)
    assert place in terrain("graph", THREE, *option).out
    assert json.loads(terrain("graph", THREE, *option, "--json").out)["x"] == pytest.approx(x, rel=1e-8)


def test_start_without_an_initial_path_is_the_straight_line(terrain: Callable[..., Ran]) -> None:
    document = json.loads(terrain("graph", CONFIGS / "fast_road.yaml", "--json").out)
    scenario = load_strips(CONFIGS / "fast_road.yaml")
    share = np.array(scenario.widths[:-1]) / sum(scenario.widths)
    assert scenario.descent.initial is None
    assert document["x"] == pytest.approx((scenario.offset * share).tolist())


def test_reports_that_a_descent_diverged(terrain: Callable[..., Ran]) -> None:
    assert (
        "where the descent ends (it diverged)\n" in terrain("graph", CONFIGS / "step_too_large.yaml", "--at", "end").out
    )


def test_at_the_optimum_the_derivatives_vanish_and_the_rays_are_one(terrain: Callable[..., Ran]) -> None:
    document = json.loads(terrain("graph", THREE, "--json", "--at", "optimum").out)
    assert all(abs(node["derivative"]) < 1e-14 for node in document["nodes"] if node["kind"] == "variable")
    ray = float(find_optimum(to_ground(load_strips(THREE))).ray[0])
    (h,) = (node for node in document["nodes"] if node["label"] == "h")
    assert h["derivative"] == pytest.approx(ray, rel=1e-12)


def test_many_strips_are_folded(terrain: Callable[..., Ran]) -> None:
    lines = terrain("graph", CONFIGS / "fifty_strips.yaml", "-g").out.splitlines()
    assert len(lines) == 44
    assert [line.split("more")[0].strip("│├─ ") for line in lines if "more" in line] == ["… 46", "… 45"]
    strips = to_ground(load_strips(CONFIGS / "fifty_strips.yaml"))
    root = time_graph(strips.offset * strips.widths[:-1] / strips.widths.sum(), strips)
    hidden = sum(term.value for term in root.inputs[3:-1])
    assert f"  {hidden:.6g}" in next(line for line in lines if "46 more" in line)
    whole = terrain("graph", CONFIGS / "fifty_strips.yaml", "--all").out
    assert "more" not in whole
    assert "x₂₅" in whole


def test_eight_terms_are_shown_and_nine_are_folded(terrain: Callable[..., Ran]) -> None:
    assert (
        "more"
        not in terrain("graph", "--expr", "+".join("abcdefgh"), "--at", ",".join(f"{n}=1" for n in "abcdefgh")).out
    )
    nine = terrain("graph", "--expr", "*".join("abcdefghi"), "--at", ",".join(f"{n}=2" for n in "abcdefghi")).out
    assert "├─ … 5 more\n" in nine  # what factors come to says nothing


def test_an_operation_that_is_used_twice_is_drawn_once() -> None:
    def twice(x: jax.Array) -> jax.Array:
        inner = jnp.sin(x)
        return inner * inner + jnp.exp(inner)

    trunk = unfold(read_graph(twice, 0.5, leaves=[leaves("x", 0.5)]))
    rows = [(branch.node.label if branch.node else "", branch.mark, branch.repeated) for branch, _ in preorder(trunk)]
    assert rows == [
        ("+", 0, False),
        ("×", 0, False),
        ("sin", 1, False),
        ("x", 0, False),
        ("sin", 1, True),
        ("exp", 0, False),
        ("sin", 1, True),
    ]


def test_what_the_places_of_a_number_add_is_its_derivative() -> None:
    strips = to_ground(load_strips(THREE))
    trunk = unfold(time_graph(np.array([2.0, 17.0]), strips))
    handed: dict[int, float] = {}
    for branch, _ in preorder(trunk):
        assert branch.node is not None
        handed[id(branch.node)] = handed.get(id(branch.node), 0.0) + branch.handed
    assert trunk.node is not None
    for node in nodes_of(trunk.node):
        assert handed[id(node)] == pytest.approx(node.derivative, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "graph: give a scenario file or --expr, such as"),
        ([THREE, "--expr", "x"], "graph: give either a scenario file or --expr, not both"),
        ([THREE, "-o", "tree.png"], "--output: must end in .svg, got tree.png"),
        (
            [THREE, "-o", "no/such/folder/tree.svg"],
            "no/such/folder/tree.svg: cannot be written: there is no folder no/such/folder",
        ),
        (["missing.yaml"], "missing.yaml: no such file"),
        ([THREE, "--at", "2"], "--at: must have 2 numbers, one for each strip except the last, got 1"),
        (
            [CONFIGS / "two_strips.yaml", "--at", "2,3"],
            "--at: must have 1 number, one for each strip except the last, got 2",
        ),
        ([THREE, "--at", "2,inf"], "--at: must be finite numbers, got 2,inf"),
        ([THREE, "--at", "strat"], "--at: must be start, end, optimum, or numbers separated by commas"),
        ([THREE, "--at", "1e200,0"], "--at: ² of 1e+200 is not finite"),
        (["--expr", "x**2 +"], "--expr: character 6: ends too early"),
        (["--expr", "x"], "--at: x has no value"),
        (["--expr", "1/x", "--at", "x=0"], "--at: ÷ of 1 and 0 is not finite: choose other values"),
        (["--expr", "sqrt(x - 1)", "--at", "x=0"], "--at: √ of -1 is not a number"),
        (["--expr", "exp(1000*x) + 1", "--at", "x=1"], "--at: exp of 1000 is not finite"),
        (["--expr", "1e300*x*x*x", "--at", "x=1e300"], "--at: × of 1e+300 and 1e+300 ... is not finite"),
        (["--expr", "sqrt(x)", "--at", "x=0", "-g"], "--at: √ of 0 has no finite derivative"),
        (
            ["--expr", "x/1e-200/1e-200", "--at", "x=1e-300", "-g"],
            "--at: the derivative with respect to x is not a finite number",
        ),
    ],
)
def test_a_mistake_is_reported_in_one_line(terrain: Callable[..., Ran], arguments: list[object], message: str) -> None:
    ran = terrain("graph", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_without_gradients_a_corner_is_no_mistake(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", "--expr", "sqrt(x)", "--at", "x=0")
    assert (ran.code, ran.out) == (0, "sqrt(x) at x = 0\n      value\n√         0\n└─ x      0\n")


def test_names_are_shown_as_they_are(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(HOSTILE, encoding="utf-8")
    ran = terrain("graph", file, "-o", tmp_path / "tree.svg")
    name = r"<img src=x onerror=alert(1)> & $x_1$ ]]>\nline two \u202e 沼"
    assert ran.out.splitlines()[0] == f"{name}: travel time at x = (6.66667, 6.66667), where the descent starts"
    assert "\x1b" not in ran.out
    notes = [line.split("  ")[-1] for line in ran.out.splitlines() if "─ v" in line]
    assert notes == ["<script>", r"沼泽\n地", """[bold]b[/bold] 'q' "r\""""]
    assert ran.out.endswith("w width (<m>), v speed (<m>/$s$), h offset (<m>)\n")

    root = ET.parse(tmp_path / "tree.svg").getroot()
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    assert texts[0] == name
    assert {"<script>", r"沼泽\n地", "[bold]b[/bold] …"} <= set(texts)
    assert {element.tag for element in root.iter()} == {
        SVG + tag for tag in ("svg", "title", "text", "tspan", "rect", "path", "g")
    }


def test_a_control_character_never_reaches_the_terminal() -> None:
    assert visible("a\nb\x1b\u202e\x7f\ud800é沼$<") == r"a\nb\x1b\u202e\x7f\ud800é沼$<"


def test_figures() -> None:
    assert [short(value) for value in (11.0, 0.5, -0.0, 102.645294, 1e-9)] == ["11", "0.5", "0", "102.645", "1e-09"]


def test_drawing_has_every_node_its_value_and_its_derivative(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "tree.svg"
    ran = terrain("graph", "--expr", "x**2 + y/2", "--at", "x=3,y=-4", "-g", "-o", file)
    assert ran.err == f"wrote {file}\n"
    assert list(tmp_path.iterdir()) == [file]
    blocks = [g for g in ET.parse(file).getroot().iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    seen = [["".join(text.itertext()) for text in block.findall(f"{SVG}text")] for block in blocks]
    assert seen == [
        ["+", "7", "∂ 1"],
        ["( )²", "9", "∂ 1"],
        ["x", "3", "∂ 6"],
        ["÷", "−2", "∂ 1"],
        ["y", "−4", "∂ 0.5"],
        ["2", "∂ 1"],
    ]
    shapes = [block.findall(f"{SVG}rect")[0].get("rx") for block in blocks]
    assert shapes == ["10", "10", "16", "10", "16", "3"]
    titles = [block.findtext(f"{SVG}title") for block in blocks]
    assert titles[2] == "x = 3, derivative 6"


def test_drawing_without_gradients_has_no_derivatives(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    terrain("graph", THREE, "-o", tmp_path / "tree.svg")
    assert "∂" not in (tmp_path / "tree.svg").read_text(encoding="utf-8")


def test_drawing_is_the_same_bytes_in_another_process(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    terrain("graph", THREE, "-g", "-o", tmp_path / "here.svg")
    ran = run_process("graph", THREE, "-g", "-o", tmp_path / "there.svg", PYTHONHASHSEED="7", LANG="C", COLUMNS="40")
    assert ran.code == 0, ran.err
    assert (tmp_path / "here.svg").read_bytes() == (tmp_path / "there.svg").read_bytes()


def assert_nothing_overlaps(drawing: str) -> None:
    """No two blocks of a layer touch, assuming 6 units for a letter, and all are on the card."""
    root = ET.fromstring(drawing)
    layers: dict[str, list[tuple[float, float]]] = {}
    for block in root.iter(f"{SVG}g"):
        shape = block.find(f"{SVG}rect")
        if block.find(f"{SVG}title") is None or shape is None:
            continue
        left, width = float(shape.get("x", "")), float(shape.get("width", ""))
        ends = [(left, left + width)]
        for text in block.findall(f"{SVG}text")[1:]:
            middle, half = float(text.get("x", "")), 3 * len("".join(text.itertext()))
            ends.append((middle - half, middle + half))
        layers.setdefault(shape.get("y", ""), []).append((min(a for a, _ in ends), max(b for _, b in ends)))
    for layer in layers.values():
        in_order = sorted(layer)
        assert in_order[0][0] >= 0
        assert in_order[-1][1] <= float(root.get("width", ""))
        for (_, right), (left, _) in itertools.pairwise(in_order):
            assert right <= left + 0.2


def test_post_drawing_has_no_overlaps() -> None:
    root = time_graph(np.array([2.0, 17.0]), to_ground(load_strips(THREE)), ["meadow of the north", "", "scree"])
    for gradients in (False, True):
        assert_nothing_overlaps(draw_tree(root, ("three strips", "at x"), gradients=gradients))


@given(
    st.recursive(st.just(()), lambda inner: st.lists(inner, min_size=1, max_size=5).map(tuple), max_leaves=30),
    st.booleans(),
)
def test_no_tree_has_overlaps(shape: tuple, gradients: bool) -> None:  # type: ignore[type-arg]
    def build(part: tuple, x: jax.Array) -> jax.Array:  # type: ignore[type-arg]
        return sum((jnp.sin(build(inner, x)) for inner in part[1:]), jnp.cos(build(part[0], x))) if part else x

    root = read_graph(lambda x: build(shape, x), 0.123456, leaves=[leaves("x", 0.123456)])
    assert_nothing_overlaps(draw_tree(root, ("t", "x"), gradients=gradients))


def test_a_deep_tree_can_be_drawn() -> None:
    def deep(x: jax.Array) -> jax.Array:
        for _ in range(1200):  # more than Python's recursion limit
            x = jax.lax.sin(x)
        return x

    assert draw_tree(read_graph(deep, 1.0, leaves=[leaves("x", 1.0)]), ("deep", "")).count("sin") >= 1200


def test_one_strip(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("strips: [{width: 3, speed: 0.5}]\noffset: 4\n", encoding="utf-8")
    ran = terrain("graph", file, "-g")
    assert ran.out.startswith("one: travel time, where the descent starts\n")
    assert ran.out.endswith("\nw width (m), v speed (m/s), h offset (m)\n")


def test_thousands_of_strips(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    strips = "".join(f"  - {{width: {2 + i % 3}, speed: {0.3 + i % 7 / 10}}}\n" for i in range(2000))
    file = tmp_path / "many.yaml"
    file.write_text(f"strips:\n{strips}offset: 900\n", encoding="utf-8")
    ran = terrain("graph", file, "-g", "-o", tmp_path / "many.svg")
    assert (ran.code, "1,996 more" in ran.out) == (0, True)
    assert (tmp_path / "many.svg").stat().st_size < 50_000


def test_reads_standard_input() -> None:
    ran = run_process("graph", "-", "--json", stdin=THREE.read_bytes())
    assert (ran.code, json.loads(ran.out)["scenario"], ran.err) == (0, "three strips", "")


@pytest.mark.parametrize(
    ("arguments", "code", "heavy"),
    [
        (["graph", "--help"], 0, False),
        (["graph"], 2, False),
        (["graph", "--expr", "foo(x)"], 2, False),
        (["graph", "--expr", "x**2", "--at", "x=2"], 0, True),
    ],
)
def test_loads_jax_only_to_compute_and_matplotlib_never(arguments: list[str], code: int, heavy: bool) -> None:
    program = (
        "import sys\nfrom terrain_cli.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: print('code', end.code or 0, 'jax' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"code {code} {heavy} False"


def test_help_has_the_examples(terrain: Callable[..., Ran]) -> None:
    ran = terrain("graph", "--help")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"Example: terrain graph three_strips.yaml --gradients", ran.out)


def test_strips_alone_have_a_graph_too() -> None:
    strips = Strips(widths=[1, 2], speeds=[1, 1], offset=4)
    assert time_graph(np.array([4 / 3]), strips).value == pytest.approx(5)
