"""The pictures of the lessons: python docs/images/make_lessons.py [NUMBER...] writes them into their folders."""

import sys
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from terrain_cli.lessons.catalogue import find_lessons
from terrain_cli.lessons.lake import IN_LAKE, ON_LAND, make_descent, mix_speeds, time_exactly, to_points
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, hessian, movements, optimum

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


def tape() -> None:
    axes = panel(5.2, 3.0)
    nodes = {
        "+": (2, 2, "11", "1"),
        "( )²": (1, 1, "9", "1"),
        "÷ 2": (3, 1, "2", "1"),
        "x": (1, 0, "3", "6"),
        "y": (3, 0, "4", "0.5"),
    }
    for upper, lower, slope in (("+", "( )²", "1"), ("+", "÷ 2", "1"), ("( )²", "x", "2·3"), ("÷ 2", "y", "½")):
        (x0, y0, *_), (x1, y1, *_) = nodes[upper], nodes[lower]
        axes.annotate("", (x1, y1 + 0.22), (x0, y0 - 0.2), arrowprops={"arrowstyle": "->", "color": ORANGE})
        axes.text((x0 + x1) / 2 + 0.12, (y0 + y1) / 2, f"× {slope}", color=ORANGE)
    for name, (x, y, value, derivative) in nodes.items():
        axes.text(
            x,
            y,
            f"{name} = {value}" if y == 0 else f"{name}   {value}",
            ha="center",
            va="center",
            bbox={"boxstyle": "round", "fc": "white"},
        )
        axes.text(x + 0.42, y, derivative, color=ORANGE, va="center", fontweight="bold")
    axes.text(0.2, 2, "x**2 + y/2", fontsize=12)
    axes.text(4.0, 1, "orange:\nderivatives,\ngoing down", color=ORANGE, va="center")
    axes.set(xlim=(0, 5), ylim=(-0.4, 2.4))
    axes.axis("off")


def newton() -> None:
    axes, best = panel(), optimum(**POST)
    jumps = [START]
    for _ in range(5):
        jumps.append(jumps[-1] - np.linalg.solve(hessian(jumps[-1], **POST), gradient(jumps[-1], **POST)))
    for path, colour, name in (
        (descend(1.5, 40), BLUE, "gradient descent, step 1.5"),
        (np.array(jumps), ORANGE, "Newton"),
    ):
        axes.semilogy(np.linalg.norm(path - best, axis=1) + 1e-15, "o-", color=colour, markersize=3, label=name)
    axes.set(xlabel="iteration", ylabel="distance from the best x (m)", ylim=(1e-13, 100))
    axes.legend()


def memory() -> None:
    axes, rounds = panel(), np.logspace(1, 5, 50)
    axes.loglog(rounds, rounds, color=BLUE, label="plain loop: every round")
    axes.loglog(rounds, 2 * np.sqrt(rounds), color=ORANGE, label="checkpoints: 2 × root of the rounds")
    axes.axvline(10_000, color=GREY, linestyle="--", linewidth=1)
    axes.set(xlabel="rounds of the loop", ylabel="values of x that are kept")
    axes.legend()


def branches() -> None:
    _, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3), layout="constrained")
    z = np.linspace(0, 1, 400)
    left.plot(z, np.sqrt(z), color=BLUE, label="sqrt(z)")
    left.plot(z[2:], 0.5 / np.sqrt(z[2:]), color=ORANGE, label="its slope")
    left.set(xlabel="z", ylim=(0, 4), title="infinitely steep at 0")
    left.legend()
    rows = (
        "where(z == 0, 0, sqrt(z)):",
        "    value 0, slope 0 × ∞ = nan",
        "",
        "sqrt(where(z == 0, 1, z)),",
        "    and a where around it:",
        "    value 0, slope 0",
    )
    for i, row in enumerate(rows):
        right.text(0, 0.85 - 0.14 * i, row, family="monospace", fontsize=9, color=ORANGE if "nan" in row else "black")
    right.axis("off")


def soft() -> None:
    axes, to_shore = panel(), np.linspace(-8, 8, 200)
    axes.plot([-8, 0, 0, 8], [IN_LAKE, IN_LAKE, ON_LAND, ON_LAND], "k--", label="the if")
    for width, colour in ((3.0, BLUE), (0.5, ORANGE)):
        inside = 1 / (1 + np.exp(to_shore / width))
        axes.plot(to_shore, inside * IN_LAKE + (1 - inside) * ON_LAND, color=colour, label=f"soft, {width:g} m wide")
    axes.set(xlabel="distance to the shore, negative in the lake (m)", ylabel="speed (m/s)", ylim=(0, 1.05))
    axes.legend()


def sides() -> None:
    axes, centre = panel(5.6, 3.6), np.array([15.0, 10.0])
    axes.add_patch(plt.Circle((15, 10), 5, color="#56b4e9", alpha=0.45, linewidth=0))
    move = make_descent(mix_speeds)
    for shift, colour in ((0.0, "black"), (0.3, ORANGE), (-2.0, GREEN), (4.0, BLUE)):
        y = np.full(19, 10 + shift)
        end = np.asarray(move(y, centre, np.array(5.0)))
        axes.plot(*to_points(y).T, color=colour, linewidth=0.8, linestyle=":")
        axes.plot(*to_points(end).T, color=colour, label=f"start {shift:+g} m: {time_exactly(end, centre, 5.0):.1f} s")
    axes.set(xlabel="x (m)", ylabel="y (m)", aspect="equal", ylim=(2, 18))
    axes.legend(fontsize=8, loc="upper left", ncols=2)


def find() -> None:
    axes, check = panel(5.6, 4.2), find_lessons()[10].check
    names = check.ask.__globals__  # type: ignore[attr-defined]  # it is a function
    for a, b in names["walks"](4):
        axes.plot([a[0], b[0]], [a[1], b[1]], color=GREY, linewidth=0.7)
    x, y, radius = names["LAKE"]
    axes.add_patch(plt.Circle((x, y), radius, color="#56b4e9", alpha=0.5, linewidth=0))
    for guess in check.cases(np.random.default_rng(0))[0]["guesses"][:6]:
        axes.add_patch(plt.Circle(guess[:2], guess[2], fill=False, color=ORANGE, linewidth=0.8))
        axes.annotate("", (x, y), guess[:2], arrowprops={"arrowstyle": "->", "color": ORANGE, "linewidth": 0.8})
    axes.set(xlabel="x (m)", ylabel="y (m)", aspect="equal", xlim=(0, 30), ylim=(0, 20))


def network() -> None:
    axes = panel(5.6, 3.8)
    x, y = np.linspace(0.2, 30, 60), np.linspace(0.2, 20, 40)
    exact = find_lessons()[11].check.ask.__globals__["exact"]  # type: ignore[attr-defined]  # it is a function
    times = exact(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(40, 60)
    for i, speed in enumerate(POST["speeds"]):
        axes.axvspan(10 * i, 10 * i + 10, color=str(0.55 + 0.6 * speed), linewidth=0)
    axes.clabel(axes.contour(x, y, times, np.arange(10, 100, 10), colors=ORANGE, linewidths=1), fmt="%d s", fontsize=8)
    axes.plot(0, 0, "ko", clip_on=False)
    axes.set(xlabel="x (m)", ylabel="y (m)", aspect="equal")


DRAWN: dict[int, Callable[[], None]] = dict(
    enumerate((guess, nudge, follow, cliff, tape, newton, memory, branches, soft, sides, find, network), start=1)
)


def main(numbers: list[int]) -> None:
    plt.rcParams.update(STYLE)
    for lesson in find_lessons():
        if lesson.number in (numbers or DRAWN):
            DRAWN[lesson.number]()
            plt.savefig(lesson.folder / "picture.svg", metadata={"Date": None})
            plt.close()


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
