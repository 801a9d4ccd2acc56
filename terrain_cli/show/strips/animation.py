"""A descent as an animation: the trace on the landscape beside the path across the strips.

The functions of the figures draw the frames. The background is drawn once and copied into every frame.
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
from terrain_cli.show.style import displayable, lay_out, without_glyph_warnings
from terrain_cli.strips.descent import Step
from terrain_cli.strips.landscape import Landscape
from terrain_cli.strips.solution import StripsSolution
from terrain_cli.text import percent

FRAMES = 48  # of a long descent, about; a short one has a frame for each iteration
COLOURS = 96  # of the palette that all frames share
DPI = 80
LAST = 2.5  # s, the duration of the last frame, at least


def animate(
    solution: StripsSolution, path: Path, axes: tuple[int, ...] | None = None, held: bool = False, fps: float = 4
) -> None:
    """Write the descent as a GIF that loops forever. Call it inside `with figure_style():`.

    axes, held: as in `survey`. fps: frames per second. Raises InputError if the file cannot be written.
    """
    with without_glyph_warnings():
        frames = [Image.fromarray(frame) for frame in draw_frames(solution, axes, held)]
    # One palette, taken from the last frame, which shows everything: colours do not flicker, and most pixels stay the same.
    palette = frames[-1].quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000 / fps)] * (len(frames) - 1) + [round(1000 * max(LAST, 1 / fps))]
    with written(path) as file:
        first.save(
            file,
            format="GIF",
            save_all=True,
            append_images=rest,
            duration=durations if rest else durations[0],
            loop=0,
            optimize=False,
        )


def frame_rows(history: Sequence[Step]) -> list[Step]:
    """The iterations that get a frame: all of a short descent; of a long one, more of the early ones."""
    finite = [row for row in history if np.all(np.isfinite(row.x)) and np.isfinite(row.time)]
    return finite if len(finite) <= FRAMES else fan_rows(finite, FRAMES)


def draw_frames(
    solution: StripsSolution, axes: tuple[int, ...] | None = None, held: bool = False
) -> Iterator[np.ndarray]:
    """Yield the frames as pixels, shape (height, width, 3), RGB."""
    figure = new_figure((9.6, 5.0), solution.scenario.name, _caption(solution, solution.last))
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    landscape = draw_landscape(left, solution, axes, held)
    draw_paths(right, solution)
    for panel, above in ((left, 1.5), (right, 1)):
        for artist in (*panel.lines, *panel.collections, *panel.texts):
            artist.set_visible(artist.get_zorder() < above or (landscape is None and panel is left))
    lay_out(figure)
    caption = figure._supxlabel  # type: ignore[attr-defined]  # matplotlib has no public access to it
    caption.set_visible(False)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
    still = canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped

    caption.set_visible(True)
    for row in frame_rows(solution.history):
        canvas.restore_region(still)  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
        until = [other for other in solution.history if other.iteration <= row.iteration]
        caption.set_text(_caption(solution, row))
        figure.draw_artist(caption)
        for panel, drawn in (
            (left, _move_trace(left, landscape, solution, until)),
            (right, _move_path(right, solution, until)),
        ):
            for artist in sorted(drawn, key=lambda artist: artist.get_zorder()):
                panel.draw_artist(artist)
                artist.remove()
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # matplotlib's canvas is untyped
        yield pixels[..., :3].copy()


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


def _caption(solution: StripsSolution, row: Step) -> str:
    """The caption of a frame."""
    plan, unit = solution.scenario.descent, displayable(solution.scenario.units.time, 20)
    gap = row.time / float(solution.optimum.time) - 1
    how = f"method {plan.method}" + (f", step {solution.step:.4g}" if solution.step is not None else "")
    where = f"{percent(gap)} above the optimum" if gap > 1e-12 else "at the optimum"
    return f"{how}: after {row.iteration:,} of {solution.iterations:,} iterations {row.time:.6g} {unit}, {where}"
