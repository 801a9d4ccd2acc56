"""The page of `terrain report` in a browser: the system's Chromium, without a window and without a network."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from playwright.sync_api import Browser, Page, sync_playwright

from terrain_cli.compile_cache import enable_compile_cache
from terrain_cli.lessons.catalogue import find_lessons
from terrain_cli.lessons.page import find_run, gather_run
from terrain_cli.scenario.load import load_strips
from terrain_cli.show.autodiff.rows import preorder, unfold
from terrain_cli.show.strips.figure import plot
from terrain_cli.show.strips.report import render
from terrain_cli.show.strips.sweep_figure import Picture
from terrain_cli.show.style import figure_style
from terrain_cli.strips.graph import time_graph
from terrain_cli.strips.ground import calc_time
from terrain_cli.strips.report import Report, gather
from terrain_cli.strips.scenario import StripsScenario, with_descent
from terrain_cli.strips.sensitivity import find_sensitivity
from terrain_cli.strips.solution import StripsSolution, solve, to_ground
from terrain_cli.strips.sweep import Parameter, find_points
from tests.conftest import CONFIGS
from tests.lessons.test_lessons import check_here

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
ENDS = "Ends </script><script>document.title='owned'</script> <!-- & begins </style> \u2028 {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def page_of(scenario: StripsScenario, folder: Path) -> Path:
    enable_compile_cache()
    file = folder / "report.html"
    file.write_text(render(gather(solve(scenario))), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(load_strips(CONFIGS / "three_strips.yaml"), tmp_path_factory.mktemp("post"))


@dataclass
class Opened:
    """An open page, with its console messages, errors and requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, file: Path, fragment: str = "") -> "Opened":
        self.page.goto(f"{file.as_uri()}{fragment}")
        self.until("document.documentElement.dataset.ready === 'true'")
        return self

    def until(self, true: str | Callable[[], bool]) -> None:
        """Poll until the expression is true; the page's policy forbids the script that Playwright would run for this."""
        for _ in range(1000):
            if true() if callable(true) else self.page.evaluate(true):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never came true: {true}; the page printed {self.complaints}")

    def iteration(self) -> int:
        return int(self.page.locator("#landscape svg").get_attribute("data-iteration") or -1)

    def chosen(self) -> tuple[str, str, int]:
        """Method, step and iteration, as the controls show them."""
        method = self.page.locator("[name=method]:checked").get_attribute("value") or ""
        return method, self.page.locator("#step-value").inner_text(), self.iteration()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens pages; in the end they must have printed nothing to the console and requested nothing."""
    contexts, pages = [], []

    def open_page(
        file: Path, fragment: str = "", *, width: int = 1280, scheme: Any = "light", stopped: bool = False, **more: Any
    ) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        if stopped:  # the page's time passes only in `clock.run_for`, however busy the machine is
            context.clock.install(time=0)
            context.clock.pause_at(1)
        context.route(re.compile("^(?!file:|data:)"), lambda route: route.abort())
        it = Opened(context.new_page())
        it.page.on("console", lambda message: it.complaints.append(f"{message.type}: {message.text}"))
        it.page.on("pageerror", lambda error: it.complaints.append(str(error)))
        it.page.on("request", lambda request: it.requests.append(request.url))
        contexts.append(context)
        pages.append(it)
        return it.go(file, fragment)

    yield open_page
    for it in pages:
        assert it.complaints == []
        assert [url for url in it.requests if not url.startswith("data:") and not url.endswith("report.html")] == []
    for context in contexts:
        context.close()


# What a page shows at every position of the iteration slider, read from the drawing.
READ = """() => {
  const slider = document.getElementById("iteration"), found = [];
  const text = (selector) => document.querySelector(selector).textContent;
  const dot = (selector) => [...document.querySelectorAll(selector)].map(
    (d) => d.getAttribute("visibility") === "hidden" ? null : [Number(d.getAttribute("cx")), Number(d.getAttribute("cy"))]);
  for (let i = 0; i <= Number(slider.max); i++) {
    slider.value = i;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    found.push({
      said: text("#iteration-value"), fact: text("#fact-time"),
      iterations: [...document.querySelectorAll("[data-iteration]")].map((svg) => Number(svg.dataset.iteration)),
      labels: [...document.querySelectorAll("[data-iteration]")].map((svg) => svg.getAttribute("aria-label")),
      row: [...document.querySelectorAll("#table tr[aria-current] > *")].map((cell) => cell.textContent),
      landscape: dot("#landscape .here")[0], objective: dot("#objective .here"), dots: dot("#paths .dot"),
      path: document.querySelector("#paths .path").getAttribute("d"),
      fan: document.querySelectorAll("#paths .fan[visibility=visible]").length,
      trace: document.querySelector("#landscape .way:not(.ahead)").getAttribute("d").split(/[ML]/).length - 1,
      tree: [...document.querySelectorAll("#tree .block")].map(
        (block) => [...block.querySelectorAll("text:not(.name)")].map((t) => t.textContent)),
    });
  }
  return found;
}"""

TICKS = """(name) => [...document.querySelectorAll(`#${name} .tick`)].map((tick) => ({
  text: tick.textContent, x: Number(tick.getAttribute("x")), y: Number(tick.getAttribute("y")),
  anchor: tick.getAttribute("text-anchor") }))"""

Scale = Callable[[Any], Any]


def number(text: str) -> float:
    if text.startswith("10⁻"):
        return 10.0 ** int(text[2:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text.replace("−", "-").replace(",", "").removeprefix("∂ ").partition(" ")[0])


def scales(page: Page, name: str, above: float = 1e9, below: float = 0, log: bool = False) -> tuple[Scale, Scale]:
    """Functions from a value to its place across and along a figure, as a reader would find it from the numbers on the axes.

    above, below: the part of the figure. log: whether the axis at the side is logarithmic.
    """
    ticks = [
        t for t in page.evaluate(TICKS, name) if re.fullmatch(r"[−\d.⁻⁰-⁹¹²³]+", t["text"]) and below < t["y"] < above
    ]
    side = [t for t in ticks if t["anchor"] == "end"]
    lowest = max(t["y"] for t in side)
    foot = min(t["y"] for t in ticks if t["anchor"] == "middle" and t["y"] > lowest)
    bottom = [t for t in ticks if t["anchor"] == "middle" and t["y"] == foot]

    def along(marks: list[dict[str, Any]], key: str, shift: float, bend: Scale) -> Scale:
        values, places = bend([number(t["text"]) for t in marks]), [t[key] - shift for t in marks]
        slope, start = np.polyfit(values, places, 1)
        assert np.allclose(np.polyval([slope, start], values), places, atol=0.1)
        return lambda value: slope * bend(value) + start

    return along(bottom, "x", 0, np.asarray), along(side, "y", 4, np.log10 if log else np.asarray)


def check_positions(page: Page, solution: StripsSolution) -> None:
    """Compare everything the page shows at every position of the slider with a separate descent."""
    strips = to_ground(solution.scenario)
    seen = page.evaluate(READ)
    assert len(seen) == len(solution.history)
    map_x, map_y = scales(page, "landscape")
    path_x, path_y = scales(page, "paths")
    time_x, time_y = scales(page, "objective", above=215)
    best = float(solution.optimum.time)
    for k, (found, row) in enumerate(zip(seen, solution.history, strict=True)):
        assert found["said"] == f"{row.iteration} of {solution.iterations}"
        assert set(found["iterations"]) == {row.iteration}
        assert len(found["iterations"]) == 5
        assert number(found["fact"]) == pytest.approx(row.time, rel=1e-7)
        gap = 100 * (row.time / best - 1)
        iteration, *crossings, time, shown_gap, gradient = map(number, found["row"])
        assert iteration == row.iteration
        assert crossings == pytest.approx(row.crossings, abs=1.1e-6)
        assert time == pytest.approx(row.time, abs=1e-6)
        assert shown_gap == pytest.approx(gap, rel=0.06, abs=0.0051)
        assert gradient == pytest.approx(row.gradient_norm, rel=0.006)
        # Geometry: the marks stand where the axes say.
        assert found["landscape"] == pytest.approx([map_x(row.x[0]), map_y(row.x[1])], abs=0.3)
        assert found["objective"][0] == pytest.approx([time_x(row.iteration), time_y(row.time)], abs=0.3)
        along = [0, *row.crossings, solution.scenario.offset]
        points = [(path_x(10 * i), path_y(value)) for i, value in enumerate(along)]
        drawn = [tuple(map(float, pair.split())) for pair in re.split("[ML]", found["path"])[1:]]
        assert np.allclose(drawn, points, atol=0.3)
        assert np.allclose(found["dots"], points[1:-1], atol=0.3)
        assert (found["fan"], found["trace"]) == (k + 1, k + 1)
        check_tree(found["tree"], time_graph(row.x, strips))
        assert all(f"{row.iteration}" in label for label in found["labels"][:1])


# The coordinates of everything that the figures draw as lines and marks, for the iteration that is shown.
DRAWN = """() => {
  const line = (selector) => [...document.querySelectorAll(selector)].map(
    (one) => one.getAttribute("d").split(/[ML]/).slice(1).map((pair) => pair.split(" ").map(Number)));
  const dots = (selector) => [...document.querySelectorAll(selector)].map((one) => ["cx", "cy"].map((key) => Number(one.getAttribute(key))));
  const level = (selector) => [...document.querySelectorAll(selector)].map((one) => Number(one.getAttribute("d").match(/ ([^h]+)h/)[1]));
  const crosses = [...document.querySelectorAll("#cliff [clip-path] .diverged")].map(
    (one) => one.getAttribute("d").match(/M(.+?) (.+?)l(\\d+)/).slice(1).map(Number)).map(([x, y, wide]) => [x + wide / 2, y + wide / 2]);
  return {
    trace: line("#landscape .ahead.way")[0], begin: dots("#landscape .begin")[0], star: line("#landscape .star")[0][0],
    fan: line("#paths .fan"), path: line("#paths .path")[0], optimum: line("#paths .best")[0],
    curves: line("#objective .line"), best: level("#objective .best")[0],
    ends: [...dots("#cliff [clip-path] :is(.converged, .iterations)"), ...crosses].sort((a, b) => a[0] - b[0]),
    edge: line("#cliff .edge")[0], chosen: dots("#cliff .chosen[visibility=visible]"),
  };
}"""


def lines_of(axes: Any) -> dict[str, np.ndarray]:
    """The points of each line of a matplotlib figure by its label, shape (k, 2)."""
    return {str(line.get_label()): np.column_stack(line.get_data()) for line in axes.get_lines()}


@pytest.mark.parametrize("changes", [{}, {"step": 5.0}, {"method": "momentum", "step": 6.0}, {"step": 20.0}])
def test_every_figure_agrees_with_the_same_figure_of_plot(
    opened: Callable[..., Opened], tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Places on the page, read through the numbers on its axes, are those of the data that matplotlib draws."""
    solution = solve(with_descent(load_strips(CONFIGS / "three_strips.yaml"), **changes))
    file, report = tmp_path / "report.html", gather(solution)
    file.write_text(render(report), encoding="utf-8")
    page = opened(file).page
    found = page.evaluate(DRAWN)

    def agree(drawn: Any, x: Scale, y: Scale, points: np.ndarray) -> None:
        places = np.column_stack([x(points[:, 0]), y(points[:, 1])])
        far = np.abs(places).max(axis=1) > 1e5  # of a line that leaves the figure, only the part near it is drawn
        near = int(far.argmax()) if far.any() else len(places)
        assert near == len(drawn) or far.any()
        assert np.allclose(drawn[:near], places[:near], atol=0.3)

    panels = plot(solution, "all").axes
    landscape, time, gap, paths = (
        next(axes for axes in panels if axes.get_title(loc="left").startswith(title))
        for title in ("Travel time over", "Travel time after", "Gap to", "The path")
    )
    x, y = scales(page, "landscape")
    drawn = lines_of(landscape)
    agree(found["trace"], x, y, drawn["_trace"])
    agree([found["begin"]], x, y, drawn["start"])
    agree([np.add(found["star"], [0, 8])], x, y, drawn["exact optimum"])  # 8 px from its tip to its middle

    x, y = scales(page, "paths")
    drawn = lines_of(paths)
    agree(found["path"], x, y, drawn["end"])
    agree(found["optimum"], x, y, drawn["exact optimum"])
    [fan] = [one for one in paths.collections if isinstance(one, LineCollection) and len(one.get_paths()) > 2]
    assert len(found["fan"]) == len(fan.get_segments())
    for shown, points in zip(found["fan"], fan.get_segments(), strict=True):
        agree(shown, x, y, np.asarray(points))

    x, y = scales(page, "objective", above=215)
    upper, lower = found["curves"]
    agree(upper, x, y, lines_of(time)["_"])
    assert found["best"] == pytest.approx(y(lines_of(time)["exact optimum"][0, 1]), abs=0.3)
    x, y = scales(page, "objective", below=215, log=True)
    agree(lower, x, y, np.asarray(gap.get_lines()[0].get_xydata()))

    x, y = scales(page, "cliff")
    method = solution.scenario.descent.method
    steps = {"descent.step": [run.step for run in report.runs[method] if run.step is not None]}
    parameter = Parameter(solution.scenario, "descent.step")
    picture = Picture(solution.scenario, [parameter], steps)
    list(picture.watch(find_points(solution.scenario, steps, {})))
    with figure_style():
        drawn = lines_of(picture.make_figure(None).axes[0])
    ends = np.column_stack([x(drawn["_time"][:, 0]), y(drawn["_time"][:, 1])])
    width, top = (float(page.locator("#cliff clipPath rect").get_attribute(key) or 0) for key in ("width", "y"))
    within = (ends[:, 0] < 43 + width - 8.9) & (ends[:, 1] > top + 8.9)
    assert np.allclose(found["ends"], ends[within], atol=0.3)
    outside = int((~within).sum())
    assert ("outside the figure" in page.locator("#cliff-caption").inner_text()) == (outside > 0)
    [here] = np.flatnonzero(np.isclose(steps["descent.step"], solution.step or 0.0))
    assert len(found["chosen"]) == within[here]
    assert page.locator("#cliff .readout").inner_text().endswith("outside the figure.") == (not within[here])
    label = next((name for name in drawn if name.startswith("cliff at")), None)
    assert (found["edge"] or [[None]])[0][0] == (label and pytest.approx(x(drawn[label][0, 0]), abs=0.3))


OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll("#tree .block text")].map((one) => [one.textContent, one.getBoundingClientRect()]);
  return boxes.flatMap(([text, a], i) => boxes.slice(i + 1).filter(([, b]) =>
    Math.min(a.right, b.right) > Math.max(a.left, b.left) - 2 && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 4).map(([other]) => [text, other]));
}"""


def test_the_labels_of_a_large_tree_stay_apart(opened: Callable[..., Opened], tmp_path: Path) -> None:
    ground = [{"width": 3 + i % 4, "speed": 0.123456 + i % 3} for i in range(8)]
    content = {"name": "eight", "strips": ground, "offset": -17.123456, "descent": {"method": "newton"}}
    asked = solve(StripsScenario.model_validate(content))  # derivatives down to 1e-16 have the longest texts
    strips = to_ground(asked.scenario)
    tree = time_graph(asked.history[0].x, strips)
    file = tmp_path / "report.html"
    report = Report(asked, {"newton": [asked]}, {}, None, find_sensitivity(strips), tree)
    file.write_text(render(report), encoding="utf-8")
    page = opened(file).page
    for _ in asked.history:
        assert page.evaluate(OVERLAPS) == []
        page.keyboard.press("ArrowLeft")


def check_tree(shown: list[list[str]], root: Any) -> None:
    branches = [branch for branch, _ in preorder(unfold(root))]
    assert len(shown) == len(branches)
    for texts, branch in zip(shown, branches, strict=True):
        assert branch.node is not None
        value, slope = texts
        assert number(value) == pytest.approx(branch.node.value, rel=1e-4)
        assert slope.startswith("∂ ")
        assert number(slope) == pytest.approx(branch.node.derivative, rel=6e-3, abs=1e-15)


@pytest.mark.parametrize(
    ("fragment", "changes"),
    [
        ("", {}),
        ("#step=0.5", {"step": 0.5}),
        ("#step=5", {"step": 5.0}),
        ("#method=momentum&step=6", {"method": "momentum", "step": 6.0}),
        ("#method=adam&step=2", {"method": "adam", "step": 2.0}),
        ("#method=newton", {"method": "newton"}),
    ],
)
def test_every_position_shows_its_numbers(
    opened: Callable[..., Opened], post: Path, fragment: str, changes: dict[str, Any]
) -> None:
    it = opened(post, fragment)
    check_positions(it.page, solve(with_descent(load_strips(CONFIGS / "three_strips.yaml"), **changes)))


def test_a_landscape_over_one_unknown(opened: Callable[..., Opened], tmp_path: Path) -> None:
    """At the end of the descent the trace lies on the curve, which is the time over x_2 with x_1 at its best."""
    asked = solve(with_descent(load_strips(CONFIGS / "three_strips.yaml"), iterations=40))
    file = tmp_path / "report.html"
    file.write_text(render(gather(asked, (1,))), encoding="utf-8")
    it = opened(file)
    assert (
        it.page.locator("#landscape figcaption p")
        .inner_text()
        .startswith("Travel time over x₂, the other unknown at its best")
    )
    across, up = scales(it.page, "landscape")
    seen = it.page.evaluate(READ)
    assert len(seen) == 41
    for found, row in zip(seen, asked.history, strict=True):
        assert found["landscape"] == pytest.approx([across(row.x[1]), up(row.time)], abs=0.3)
    curve = it.page.locator("#landscape .curve").get_attribute("d") or ""
    points = [tuple(map(float, pair.split())) for pair in re.split("[ML]", curve)[1:]]
    assert min(y for _, y in points) >= 23
    assert min(abs(y - up(asked.time)) for x, y in points if abs(x - across(asked.x[1])) < 3) < 1


def test_the_step_can_be_dragged_across_the_cliff(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    stepper, verdict = it.page.locator("#step"), it.page.locator("#verdict")
    count = int(stepper.get_attribute("max") or 0) + 1
    ended = []
    for i in range(count):
        stepper.fill(str(i))
        step = float(it.page.locator("#step-value").inner_text())
        run = solve(with_descent(load_strips(CONFIGS / "three_strips.yaml"), step=step))
        assert verdict.inner_text() == run.message
        assert verdict.get_attribute("data-status") == run.status
        assert f"Step {step:g}" in it.page.locator("#cliff .readout").inner_text()
        assert str(it.page.locator("#cliff svg").get_attribute("data-step")) == f"{step:g}"
        ended.append((step, run.status))
    assert count >= 20
    assert all((status == "diverged") == (step > 3.952) for step, status in ended)
    assert it.page.locator("#cliff .edge-label").text_content() == "cliff at 3.952"


def test_the_method_can_be_chosen(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    for label, method in (("Momentum", "momentum"), ("Adam", "adam"), ("Newton", "newton"), ("Snell’s law", "snell")):
        it.page.get_by_label(label).check()
        assert it.chosen()[0] == method
    assert it.page.locator("#step-value").inner_text() == "none to choose"
    assert it.page.locator("#step").is_disabled()
    assert it.page.locator("#play").is_disabled()
    assert "81.911688 s" in it.page.locator("#objective .readout").inner_text()
    it.page.get_by_label("Gradient").check()
    assert it.chosen() == ("gradient", "1.5", 20)  # as before


def test_keyboard(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    press = it.page.keyboard.press
    for key, iteration in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("ArrowLeft", 0),
        ("ArrowLeft", 0),
        ("End", 20),
        ("ArrowRight", 20),
    ):
        press(key)
        assert it.iteration() == iteration, key
    press("Shift+ArrowRight")
    assert it.chosen() == ("gradient", "1.75", 20)
    press("Shift+ArrowLeft")
    assert it.chosen() == ("gradient", "1.5", 20)
    # Everything can be reached with Tab, in reading order, and a control keeps its own keys.
    reached = []
    for _ in range(5):
        press("Tab")
        reached.append(
            it.page.evaluate(
                "document.activeElement.id || document.activeElement.name || document.activeElement.ariaLabel"
            )
        )
    assert reached == ["play", "iteration", "step", "method", "Expression tree, scrolls sideways"]
    it.page.locator("#iteration").focus()
    press("Home")
    press("ArrowRight")
    assert it.iteration() == 1
    it.page.locator("#step").focus()
    press("ArrowRight")
    assert it.chosen() == ("gradient", "1.75", 1)
    it.page.locator("#table tbody tr").nth(
        5
    ).click()  # the list now has the focus: End and Space scroll it, Right does not
    press("ArrowRight")
    press("End")
    assert it.chosen() == ("gradient", "1.75", 6)


def test_play_and_pause(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post, stopped=True)
    button, pass_time = it.page.locator("#play"), it.page.clock.run_for
    assert (button.get_attribute("aria-pressed"), button.inner_text()) == ("false", "Play")
    it.page.keyboard.press("Space")
    assert (button.get_attribute("aria-pressed"), button.inner_text()) == ("true", "Pause")
    assert it.iteration() == 0  # from the end it starts again
    for ms, iteration in ((299, 0), (1, 1), (600, 3)):
        pass_time(ms)
        assert it.iteration() == iteration
    it.page.keyboard.press("Space")
    pass_time(3000)
    assert (button.get_attribute("aria-pressed"), it.iteration()) == ("false", 3)
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    it.page.locator("#iteration").fill("7")  # moving the slider stops it
    pass_time(3000)
    assert (button.get_attribute("aria-pressed"), it.iteration()) == ("false", 7)
    button.click()
    pass_time(60_000)  # it stops at the end
    assert (button.get_attribute("aria-pressed"), it.iteration()) == ("false", 20)


def test_motion_is_reduced_where_asked(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post, "#iteration=0", reduced_motion="reduce", stopped=True)
    it.page.locator("#play").click()
    for ms, iteration in ((999, 0), (1, 1)):  # one iteration a second
        it.page.clock.run_for(ms)
        assert it.iteration() == iteration
    assert it.page.evaluate("document.getAnimations().length") == 0


def test_links_restore_a_moment(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post, "#iteration=7&step=5&method=gradient", stopped=True)
    assert it.chosen() == ("gradient", "5", 7)
    it.page.keyboard.press("ArrowRight")
    it.page.clock.run_for(250)
    assert it.page.evaluate("location.hash") == "#iteration=8&step=5&method=gradient"
    it.page.evaluate("location.hash = '#iteration=4&method=momentum&step=6'")
    it.until("document.querySelector('#landscape svg').dataset.iteration === '4'")
    assert it.chosen() == ("momentum", "6", 4)
    assert opened(post, "#iteration=20&step=1.5").chosen() == ("gradient", "1.5", 20)
    assert opened(post, "#step=1.52").chosen() == ("gradient", "1.5", 20)  # the nearest step
    assert opened(post, "#iteration=4711").chosen() == ("gradient", "1.5", 20)


@pytest.mark.parametrize(
    "fragment",
    [
        "#",
        "#iteration=x&step=<b>&method=nonsense",
        "#iteration=-3&step=-1",
        "#iteration=NaN&step=Infinity",
        "#iteration=&step=&method=",
        "#step=0&iteration=1e999",
        "#method=__proto__&constructor=1",
        "#iteration=1e4&iteration=1;alert(1)",
        "#%E0%A4%A&%%%",
        "#<img src=x onerror=document.title='owned'>",
    ],
)
def test_a_wrong_link_is_ignored(opened: Callable[..., Opened], post: Path, fragment: str) -> None:
    it = opened(post, fragment)
    assert it.chosen() == ("gradient", "1.5", 20)
    assert it.page.title() == "three strips: a terrain report"


def test_pointing_reads_and_clicking_goes(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    history = solve(load_strips(CONFIGS / "three_strips.yaml")).history

    def at(name: str, x: float, y: float, *, click: bool = False) -> str:
        figure = it.page.locator(f"#{name} svg")
        figure.hover(position={"x": float(x), "y": float(y)})
        said = it.page.locator(f"#{name} .readout").inner_text()
        if click:
            figure.click(position={"x": float(x), "y": float(y)})
        return said

    map_x, map_y = scales(it.page, "landscape")
    assert at("landscape", map_x(2), map_y(17)).startswith(
        "Iteration 0: 102.64529 s, 25.30 % above the optimum; x₁ 2 m, x₂ 17 m"
    )
    low, high = map(number, re.findall(r"[\d.]+", at("landscape", map_x(12), map_y(15))))
    assert low < float(calc_time([12.0, 15.0], to_ground(load_strips(CONFIGS / "three_strips.yaml")))) < high == low + 5
    at("landscape", map_x(history[2].x[0]), map_y(history[2].x[1]), click=True)
    assert it.iteration() == 2
    time_x, time_y = scales(it.page, "objective", above=215)
    assert at("objective", time_x(9.2), time_y(90)).startswith("Iteration 9: 82.300443 s")
    at("objective", time_x(9.2), time_y(90), click=True)
    assert it.iteration() == 9
    path_x, path_y = scales(it.page, "paths")
    said = at("paths", path_x(10), path_y(history[4].crossings[0]), click=True)
    assert said.startswith("Iteration 4: ")
    assert it.iteration() == 4
    assert at("paths", path_x(15), path_y(1)) == "strip 2: 0.3 m/s"
    step_x, time_y = scales(it.page, "cliff")
    assert at("cliff", step_x(5), time_y(95)) == "Step 5: final time 97.555104 s, diverged"
    at("cliff", step_x(5), time_y(95), click=True)
    assert it.chosen() == ("gradient", "5", 4)
    it.page.locator("#table tbody tr").nth(1).click()
    assert it.iteration() == 1
    it.page.mouse.move(0, 0)
    assert it.page.locator("#objective .readout").inner_text().startswith("Iteration 1: ")
    it.page.locator("#tree .block.variable").first.hover()
    assert it.page.locator("#tree .readout").inner_text().startswith("x₁ = 1.70477; the time changes by ")


def test_a_screen_reader_hears_the_iteration(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post, stopped=True)
    live = it.page.locator("#live")
    assert live.get_attribute("aria-live") == "polite"
    it.page.keyboard.press("Home")
    it.page.clock.run_for(500)
    assert live.text_content() == "Method gradient, step 1.5. Iteration 0: 102.64529 s, 25.30 % above the optimum."
    slider = it.page.locator("#iteration")
    assert slider.get_attribute("aria-valuetext") == "Iteration 0: 102.64529 s, 25.30 % above the optimum"
    for name in ("landscape", "paths", "objective", "cliff", "tree"):
        figure = it.page.locator(f"#{name} svg")
        assert figure.get_attribute("role") == "img"
        assert len(figure.get_attribute("aria-label") or "") > 60


AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_serious_is_found_by_axe(opened: Callable[..., Opened], post: Path, scheme: str, width: int) -> None:
    it = opened(post, "#step=5&iteration=4", width=width, scheme=scheme)
    found = it.page.evaluate(f"async () => {{ {AXE}; return (await axe.run()).violations; }}")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("number", [4, 6])
def test_the_page_of_a_lesson_shows_the_learners_own_run(
    opened: Callable[..., Opened], tmp_path: Path, number: int
) -> None:
    """That of lesson 3 has the numbers of the post's page (tests/lessons/test_page.py); these have other methods."""
    lesson = find_lessons()[number - 1]
    verdict = check_here(lesson, lesson.read("solution.py"), tmp_path)
    run = find_run(verdict)
    assert run is not None
    report = gather_run(verdict, run)
    (tmp_path / "report.html").write_text(render(report), encoding="utf-8")
    it = opened(tmp_path / "report.html")
    check_positions(it.page, report.asked)
    found = it.page.evaluate(f"async () => {{ {AXE}; return (await axe.run()).violations; }}")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_axe_would_notice(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    it.page.evaluate(
        "document.querySelector('[for=iteration]').remove(); document.getElementById('iteration').ariaLabel = ''"
    )
    found = it.page.evaluate(f"async () => {{ {AXE}; return (await axe.run()).violations; }}")
    assert "label" in {one["id"] for one in found}


def hostile() -> StripsScenario:
    return StripsScenario.model_validate(
        {
            "name": HOSTILE,
            "description": ENDS,
            "strips": [{"width": 3, "speed": 1, "name": "<b>bog</b>"}, {"width": 2, "speed": 2, "name": "</script>"}],
            "offset": 4,
            "units": {"length": "<i>m</i>", "time": "&amp;"},
        }
    )


def test_hostile_texts_are_shown_as_text(opened: Callable[..., Opened], tmp_path: Path) -> None:
    it = opened(page_of(hostile(), tmp_path))
    assert it.page.locator("h1").inner_text() == HOSTILE
    assert it.page.title() == f"{HOSTILE}: a terrain report"
    assert it.page.locator(".description").inner_text() == ENDS.replace("\u2028", "\\u2028")
    assert it.page.locator("#scenario tbody th").all_inner_texts() == ["strip 1 (<b>bog</b>)", "strip 2 (</script>)"]
    assert "</script>" in it.page.locator("#paths svg").text_content()  # type: ignore[operator]
    assert it.page.locator("img, b, i").count() == 0
    assert it.page.locator("script").count() == 2
    assert "(<i>m</i>)" in it.page.locator("#table thead").inner_text()


def test_the_policy_stops_what_would_get_in(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post)
    it.page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend", `<img src=x onerror="document.title='owned'"><p style="color: red">`);
          const script = document.createElement("script");
          script.textContent = "document.title = 'owned'";
          document.body.append(script);
          fetch("https://example.org/").catch(() => {});
        }"""
    )
    for what in ("connect", "image", "inline event handler", "inline style", "inline script"):
        it.until(lambda: any("Content Security Policy" in text and what in text.lower() for text in it.complaints))  # noqa: B023
    assert it.page.title() == "three strips: a terrain report"
    it.complaints.clear()
    it.requests[:] = it.requests[:1]


def config(name: str) -> StripsScenario:
    return load_strips(CONFIGS / f"{name}.yaml")


def strips(count: int, **more: Any) -> StripsScenario:
    ground = [{"width": 3, "speed": 1 + i % 3} for i in range(count)]
    return StripsScenario.model_validate({"name": "odd", "strips": ground, "offset": 4} | more)


# Only a few different numbers of strips, because each needs a compilation.
ODD = {
    "fifty strips": lambda: config("fifty_strips"),
    "one strip": lambda: strips(1),
    "bounces": lambda: config("step_too_large"),
    "two strips": lambda: config("two_strips"),
    "exact": lambda: strips(3, descent={"method": "snell"}),
    "no step at all": lambda: strips(3, descent={"iterations": 0}),
    "not finite": lambda: strips(3, descent={"step": 1e200, "iterations": 5}),
    "straight across": lambda: strips(2, offset=0),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_scenarios_have_a_sensible_page(opened: Callable[..., Opened], tmp_path: Path, what: str) -> None:
    scenario = ODD[what]()
    it = opened(page_of(scenario, tmp_path), width=390)
    text = it.page.locator("body").inner_text()
    for wrong in ("NaN", "undefined", "Infinity", "null", "None"):
        assert wrong not in text
        assert wrong not in it.page.locator("main").inner_html()
    assert it.page.evaluate("document.documentElement.scrollWidth") <= 390
    # Through every run and to both ends of it.
    radios = it.page.locator("[name=method]")
    for k in range(radios.count()):
        if radios.count() > 1:
            radios.nth(k).check()
        for i in range(int(it.page.locator("#step").get_attribute("max") or 0) + 1):
            if not it.page.locator("#step").is_disabled():
                it.page.locator("#step").fill(str(i))
            for key in ("Home", "End"):
                it.page.keyboard.press(key)
    it.page.keyboard.press("Home")
    if what == "one strip":
        assert "One strip leaves nothing to choose" in text
        assert it.page.locator("#cliff, #objective").count() == 0
        assert it.page.locator(".method").is_hidden()
    if what == "not finite":
        assert "This descent\nnot finite\n" in text
    if what == "bounces":
        assert it.page.locator("#verdict").count() == 1
        assert "Diverged with step 5: since iteration 2 the path has bounced from side to side" in text
    if what == "fifty strips":
        assert "46 more" in it.page.locator("#tree svg").text_content()  # type: ignore[operator]
        assert "… crossing 49 (m)" in it.page.locator("#table thead").inner_text()


def test_a_phone_in_print_and_without_a_script(opened: Callable[..., Opened], post: Path) -> None:
    it = opened(post, width=390)
    assert it.page.evaluate("document.documentElement.scrollWidth") == 390
    wide = it.page.evaluate(
        "[...document.querySelectorAll('#landscape svg, #paths svg')].map((svg) => svg.clientWidth)"
    )
    assert all(300 < width <= 358 for width in wide)
    it.page.set_viewport_size({"width": 1000, "height": 700})
    it.until("document.querySelector('#landscape svg').clientWidth > 400")  # it is drawn again
    it.page.emulate_media(media="print")
    assert not it.page.locator("#play").is_visible()
    assert it.page.locator("#table tbody tr").count() == 21
    assert (
        it.page.evaluate(
            "(() => { const list = document.querySelector('#table .list'); return list.scrollHeight - list.clientHeight; })()"
        )
        <= 1
    )


def test_without_a_script_the_page_says_so(browser: Browser, post: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(post.as_uri())
    assert "Stopped after 20 iterations, 0.0057 % above the optimum" in page.locator("noscript").inner_text()
    assert "81.9117 s" in page.locator("body").inner_text()
    context.close()


def test_the_page_of_the_post_is_small_and_holds_its_numbers_once(post: Path) -> None:
    text = post.read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    assert text.count('type="application/json"') == 1
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)["optimum"]["time"] == pytest.approx(81.911687844967823857, rel=1e-8)
    assert not re.search(r"\b(?:https?:|//)[a-z]", re.sub(r"http://www\.w3\.org/2000/svg", "", text))
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", text)
