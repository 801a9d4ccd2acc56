"""docs/figures.md and docs/report.md: the limits they state are those of the code, and the size that of the kept run."""

from terrain_cli import find_optimum
from terrain_cli.show.maps import figure as map_figure
from terrain_cli.show.strips import animation, paths, rows
from terrain_cli.show.strips import page_data as page
from terrain_cli.strips import report, scenario
from terrain_cli.strips.step_size import largest_step
from tests.docs.pages import check, find_numbers, read_flowed, to_float
from tests.strips.test_snell import POST

WORDS = {3: "three", 4: "four", 6: "six", 8: "eight", 9: "nine"}


def test_limits_of_figures() -> None:
    check("figures.md", "A long descent gets about {} frames", animation.FRAMES)
    assert f"Up to {WORDS[scenario.RUNS]} descents can be drawn together" in read_flowed("figures.md")
    check("figures.md", "If there are more than {} strips, a second colour bar", paths.LABELLED)
    check("figures.md", "Of a long descent about {} paths are drawn", rows.PATHS)
    check("figures.md", "If a side of the map has more than {} cells", map_figure.FINEST)
    check("figures.md", "with the cliff at {}]", largest_step(find_optimum(POST).movements, POST) or 0)


def test_limits_of_the_report() -> None:
    size = to_float(find_numbers("benchmarks.md", "| three_strips | {} | {} | {} | {} |")[3])
    check("report.md", "It is a single file, {} kB for the post", size)
    check("report.md", "The page has room for about {} numbers", page.ROOM)
    check("report.md", "at most {} iterations are kept of the run that the scenario asks for", page.OWN)
    check("report.md", "A path across more than {} strips is drawn through only some", page.VERTICES)
    check("report.md", "The tree is left out for more than {} strips", report.TREE)
    assert 1.4 < report.BEYOND < 1.5
    assert "almost half as far again beyond it" in read_flowed("report.md")
    time, place, value, slope = (WORDS[digits] for digits in (page.TIME, page.PLACE, page.VALUE, page.SLOPE))
    digits = f"{time} significant digits, places {place}, values in the tree {value}, gradients {slope} and gaps three."
    assert f"Times have {digits}" in read_flowed("report.md")


def test_the_trees_stand_beside_the_posts() -> None:
    for tree in ("tree_expression", "tree_three_strips"):
        assert f"](images/{tree}.svg)" in read_flowed("figures.md")
        assert f" -o {tree}.svg --gradients" in read_flowed("figures.md")
