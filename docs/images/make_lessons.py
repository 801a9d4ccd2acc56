"""The pictures of the lessons: python docs/images/make_lessons.py [NUMBER...] writes them into their folders."""

import sys
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from terrain_cli.lessons.catalogue import find_lessons
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, movements, optimum

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#b0b0b0"
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.fonttype": "none",  # texts stay texts, which keeps the files small
    "svg.hashsalt": "lessons",
    "font.size": 10,
}


def panel(width: float = 5.2, height: float = 3.4) -> Axes:
    _, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return axes


def draw_ground(axes: Axes) -> None:
    for i, speed in enumerate(POST["speeds"]):
        axes.axvspan(10 * i, 10 * i + 10, color=str(0.55 + 0.6 * speed), linewidth=0)
        axes.text(10 * i + 5, 21, f"{speed:g} m/s", ha="center", fontsize=9)
    axes.plot([0, 30], [0, 20], "ko", zorder=5)
    axes.annotate("A", (0, 0), (-1.6, -0.4))
    axes.annotate("B", (30, 20), (30.6, 19.6))
    axes.set(xlabel="across the strips (m)", ylabel="along the strips (m)", xlim=(-2, 32), ylim=(-1, 23))


def along(x: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(movements(x, POST["offset"]))])


def draw_landscape(axes: Axes) -> None:
    x1, x2 = np.meshgrid(np.linspace(0, 20, 90), np.linspace(0, 20, 90))
    times = calc_time(np.stack([x1, x2], axis=-1), **POST)
    axes.contour(x1, x2, times, np.r_[82:90:1, 90:150:5], colors=GREY, linewidths=0.8)
    axes.set(xlabel="x[0], movement along strip 1 (m)", ylabel="x[1], along strip 2 (m)", aspect="equal")


def descend(step: float, iterations: int) -> np.ndarray:
    path = [START]
    for _ in range(iterations):
        path.append(path[-1] - step * gradient(path[-1], **POST))
    return np.array(path)


def guess() -> None:
    axes, random = panel(), np.random.default_rng(1)
    draw_ground(axes)
    for x in random.uniform(0, 20, (40, 2)):
        axes.plot([0, 10, 20, 30], along(x), color=BLUE, linewidth=0.5, alpha=0.5)
    axes.plot([0, 10, 20, 30], along(START), color="black", label="x = (2, 17): 102.6 s")
    axes.plot([0, 10, 20, 30], along(optimum(**POST)), color=ORANGE, linewidth=2, label="the fastest: 81.9 s")
    axes.legend(loc="lower right", fontsize=9)


def nudge() -> None:
    axes = panel()
    h, exact = np.logspace(-14, 0, 113), gradient(START, **POST)
    for power, colour, name in ((1, BLUE, "(f(x + h) - f(x)) / h"), (2, GREEN, "(f(x + h) - f(x - h)) / 2h")):
        errors = []
        for size in h:
            back = START if power == 1 else START - np.array([0, size])
            ahead = START + np.array([0, size])
            quotient = (calc_time(ahead, **POST) - calc_time(back, **POST)) / (power * size)
            errors.append(max(abs(quotient / exact[1] - 1), 1e-16))
        axes.loglog(h, errors, color=colour, linewidth=1, label=name)
    axes.axhline(1e-6, color=GREY, linestyle="--", linewidth=1)
    axes.set(xlabel="h (m)", ylabel="error, in parts of the slope")
    axes.text(1e-13, 3e-7, "what the check allows", fontsize=9, color="#666666", va="top")
    axes.legend(fontsize=9)


def follow() -> None:
    axes, path = panel(4.6, 4.2), descend(1.5, 20)
    draw_landscape(axes)
    axes.plot(*path.T, "x--", color=ORANGE, markersize=5, linewidth=1)
    axes.annotate("start, 102.6 s", START, (3, 17.5))
    axes.annotate("20 iterations, 81.9 s", path[-1], (7, 1.6))


def cliff() -> None:
    axes = panel()
    steps, best = np.linspace(0.3, 4.4, 165), calc_time(optimum(**POST), **POST)
    needed = []
    for step in steps:
        times = calc_time(descend(step, 120), **POST)
        needed.append(np.argmax(times - best <= 1e-3) if (times - best <= 1e-3).any() else np.nan)
    axes.plot(steps, needed, color=BLUE)
    axes.axvspan(3.952, 4.4, color=ORANGE, alpha=0.25, linewidth=0)
    axes.text(4.17, 60, "beyond the cliff: never", rotation=90, ha="center", va="center")
    axes.plot(1.5, 24, "o", color=ORANGE)
    axes.annotate("the post's step: 24", (1.5, 24), (1.6, 32))
    axes.set(xlabel="step (m²/s)", ylabel="iterations to within 1 ms", ylim=(0, 120), xlim=(0, 4.4))


DRAWN: dict[int, Callable[[], None]] = {1: guess, 2: nudge, 3: follow, 4: cliff}


def main(numbers: list[int]) -> None:
    plt.rcParams.update(STYLE)
    for lesson in find_lessons():
        if lesson.number in (numbers or DRAWN):
            DRAWN[lesson.number]()
            plt.savefig(lesson.folder / "picture.svg", metadata={"Date": None})
            plt.close()


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
