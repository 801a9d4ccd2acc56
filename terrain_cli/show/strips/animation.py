"""A descent as an animation: the trace on the landscape and the path across the strips, moving together.

The ink is that of `figures.py`. What stands still is drawn once and put under every frame.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from terrain_cli.files import written
from terrain_cli.show.figure import new_figure
from terrain_cli.show.strips.landscape import draw_landscape, draw_trace, mark_optimum
from terrain_cli.show.strips.paths import draw_end, draw_fan, draw_optimum, draw_paths, mark_ends, mark_unknowns
from terrain_cli.show.strips.rows import fan_rows, iteration_norm
from terrain_cli.show.style import lay_out, shown, uncomplaining
from terrain_cli.strips.descent import Step
from terrain_cli.strips.landscape import Landscape
from terrain_cli.strips.solution import StripsSolution
from terrain_cli.text import percent

FRAMES = 48  # of a long descent; a short one has a frame for each iteration
COLOURS = 96  # of the palette that all frames share
DOTS = 80  # per inch
LAST = 2.5  # seconds that the last frame stands


def animate(
    solution: StripsSolution, path: Path, axes: tuple[int, ...] | None = None, held: bool = False, fps: float = 4
) -> None:
    """Write the descent as a GIF that loops for ever. Call it inside `with figure_style():`.

    axes, held: as in `survey`. fps: iterations shown per second. Raises InputError where the file cannot be written.
    """
    with uncomplaining():
        frames = [Image.fromarray(frame) for frame in draw_frames(solution, axes, held)]
    # One palette, made of the last frame, which has all there is: colours then stand still, and so do most dots.
    palette = frames[-1].quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000 / fps)] * (len(frames) - 1) + [round(1000 * max(LAST, 1 / fps))]
    with written(path) as beside:
        first.save(
            beside,
            format="GIF",
            save_all=True,
            append_images=rest,
            duration=durations if rest else durations[0],
            loop=0,
            optimize=False,
        )


def frame_rows(history: Sequence[Step]) -> list[Step]:
    """The iterations that get a frame: all of a short descent, closer together at first in a long one."""
    finite = [row for row in history if np.all(np.isfinite(row.x)) and np.isfinite(row.time)]
    return finite if len(finite) <= FRAMES else fan_rows(finite, FRAMES)


def draw_frames(
    solution: StripsSolution, axes: tuple[int, ...] | None = None, held: bool = False
) -> Iterator[np.ndarray]:
    """The frames as dots, shape (height, width, 3), one after the other."""
    figure = new_figure((9.6, 5.0), solution.scenario.name, _said(solution, solution.last))
    figure.set_dpi(DOTS)
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    landscape = draw_landscape(left, solution, axes, held)
    draw_paths(right, solution)
    for panel, above in ((left, 1.5), (right, 1)):
        for artist in (*panel.lines, *panel.collections, *panel.texts):
            artist.set_visible(artist.get_zorder() < above or (landscape is None and panel is left))
    lay_out(figure)
    said = figure._supxlabel  # type: ignore[attr-defined]  # matplotlib has no public way to it
    said.set_visible(False)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
    still = canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped

    said.set_visible(True)
    for row in frame_rows(solution.history):
        canvas.restore_region(still)  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
        until = [other for other in solution.history if other.iteration <= row.iteration]
        said.set_text(_said(solution, row))
        figure.draw_artist(said)
        for panel, drawn in (
            (left, _move_trace(left, landscape, solution, until)),
            (right, _move_path(right, solution, until)),
        ):
            for artist in sorted(drawn, key=lambda artist: artist.get_zorder()):
                panel.draw_artist(artist)
                artist.remove()
        dots = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
        yield dots[..., :3].copy()


def _move_trace(
    axes: Axes, landscape: Landscape | None, solution: StripsSolution, until: Sequence[Step]
) -> list[Artist]:
    if landscape is None:
        return []
    return [*draw_trace(axes, landscape, until), *mark_optimum(axes, landscape, solution)]


def _move_path(axes: Axes, solution: StripsSolution, until: Sequence[Step]) -> list[Artist]:
    scenario, last = solution.scenario, until[-1]
    rows = [row for row in fan_rows(solution.history) if row.iteration <= last.iteration]
    return [
        *([draw_fan(axes, scenario, rows, iteration_norm(solution.history))] if len(solution.history) > 1 else []),
        *draw_optimum(axes, solution),
        *draw_end(axes, scenario, last),
        *mark_unknowns(axes, scenario, last),
        *mark_ends(axes, scenario),
    ]


def _said(solution: StripsSolution, row: Step) -> str:
    """What stands below a frame."""
    plan, unit = solution.scenario.descent, shown(solution.scenario.units.time, 20)
    gap = row.time / float(solution.optimum.time) - 1
    how = f"method {plan.method}" + (f", step {solution.step:.4g}" if solution.step is not None else "")
    where = f"{percent(gap)} above the optimum" if gap > 1e-12 else "at the optimum"
    return f"{how}: after {row.iteration:,} of {solution.iterations:,} iterations {row.time:.6g} {unit}, {where}"
