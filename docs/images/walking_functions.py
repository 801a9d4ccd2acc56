"""Draws walking_functions.svg for docs/walking.md: `python docs/images/walking_functions.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from terrain_cli.maps.walking.functions import FUNCTIONS, Walking, calc_speed

STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.fonttype": "none",  # texts stay texts, which keeps the file small
    "svg.hashsalt": "walking",
    "font.size": 10,
}
CURVES = [
    (Walking("tobler"), "#222222", "-"),
    (Walking("tobler_off_path"), "#222222", "--"),
    (Walking("marquez_perez"), "#0072b2", "-"),
    (Walking("irmischer_clarke"), "#d55e00", "-"),
    (Walking("irmischer_clarke", {"off_path": 1}), "#d55e00", "--"),
    (Walking("campbell", {"percentile": 10}), "#009e73", "--"),
    (Walking("campbell", {"percentile": 50}), "#009e73", "-"),
    (Walking("naismith_langmuir"), "#cc79a7", "-"),
    (Walking("minetti"), "#999999", "-"),
]
SLOPES = np.round(np.linspace(-0.7, 0.7, 561), 4)


def name(walking: Walking) -> str:
    values = ", ".join(f"{key} {value:g}" for key, value in walking.parameters.items())
    return FUNCTIONS[walking.name].title + (f" ({values})" if values else "").replace("off_path 1", "off path")


def draw() -> dict[str, np.ndarray]:
    """Draw all speeds, km/h. Returns them by name."""
    _, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
    speeds = {}
    for walking, colour, style in CURVES:
        label = name(walking).replace(" (off path)", ", off path")
        speeds[label] = 3.6 * np.array([calc_speed(walking, slope) for slope in SLOPES.tolist()])
        axes.plot(100 * SLOPES, speeds[label], style, color=colour, linewidth=1.5, label=label)
    axes.axvline(0, color="#dddddd", linewidth=1, zorder=0)
    axes.set(
        xlabel="slope in the direction of travel (%)", ylabel="speed in plan (km/h)", xlim=(-70, 70), ylim=(0, 13.5)
    )
    axes.legend(loc="upper right", fontsize=9)
    return speeds


if __name__ == "__main__":
    with plt.rc_context(STYLE):
        draw()
        plt.savefig(Path(__file__).parent / "walking_functions.svg", metadata={"Date": None})
