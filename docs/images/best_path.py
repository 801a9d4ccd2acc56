"""Draw the fastest path of the post for docs/maths.md. Run as a program, it writes best_path.svg beside itself."""

import math
from collections.abc import Iterator
from pathlib import Path

from terrain_cli import Strips, find_optimum

STRIPS = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
SCALE, LEFT, RIGHT, TOP, BELOW = 20, 50, 125, 60, 70  # pixels: of a metre, and around the strips
RADIUS = 3.4  # of the arc that marks an angle, m
SHADES = ("#f5f5f5", "#bdbdbd", "#d8d8d8")  # slow ground is dark
RED, GREY = "#d55e00", "#555555"


def draw() -> str:
    """The drawing as SVG: the path, its angles and its movements."""
    width, height = LEFT + 30 * SCALE + RIGHT, TOP + 20 * SCALE + BELOW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' font-family="Helvetica, Arial, sans-serif" font-size="15" text-anchor="middle">',
            "<title>The fastest path across three strips: its angles and its movements</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *_strips(),
            *_path(),
            "</svg>\n",
        ]
    )


def _point(across: float, along: float) -> tuple[float, float]:
    """Where a point of the ground, m, lies in the drawing."""
    return LEFT + SCALE * across, TOP + SCALE * (20 - along)


def _line(a: tuple[float, float], b: tuple[float, float], style: str) -> str:
    return f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" {style}/>'


def _text(place: tuple[float, float], text: str, style: str = "") -> str:
    return f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" {style}>{text}</text>'


def _strips() -> Iterator[str]:
    for i, (speed, shade) in enumerate(zip(STRIPS.speeds, SHADES, strict=True)):
        x, y = _point(10 * i, 20)
        yield f'<rect x="{x}" y="{y}" width="{10 * SCALE}" height="{20 * SCALE}" fill="{shade}"/>'
        yield _text((x + 5 * SCALE, y - 28), f"strip {i + 1}, 10 m wide")
        yield _text((x + 5 * SCALE, y - 10), f"{speed:g} m/s")


def _path() -> Iterator[str]:
    optimum = find_optimum(STRIPS)
    along = 0.0
    for i, movement in enumerate(optimum.movements.tolist()):
        angle = math.atan2(movement, 10)
        entry, across, leave = _point(10 * i, along), _point(10 * i + 10, along), _point(10 * i + 10, along + movement)
        thin = f'stroke="{GREY}" stroke-width="1.2" stroke-dasharray="2 3"'
        yield _line(entry, across, thin)  # straight across
        yield _line(across, leave, f'stroke="{GREY}" stroke-width="1.2"')
        arc = _point(10 * i + RADIUS * math.cos(angle), along + RADIUS * math.sin(angle))
        yield (
            f'<path d="M {entry[0] + RADIUS * SCALE:.1f} {entry[1]:.1f} A {RADIUS * SCALE} {RADIUS * SCALE} 0 0 0 '
            f'{arc[0]:.1f} {arc[1]:.1f}" fill="none" stroke="black"/>'
        )
        middle = _point(10 * i + 5.4, along)
        yield _text((middle[0], middle[1] + 18), f"a{'₁₂₃'[i]} = {math.degrees(angle):.2f}°")
        beside = (leave[0] + 8, (across[1] + leave[1]) / 2 + 5)
        yield _text(beside, f"x{'₁₂₃'[i]} = {movement:.2f} m", 'text-anchor="start"')
        yield _line(entry, leave, f'stroke="{RED}" stroke-width="3.5" stroke-linecap="round"')
        along += movement
    for place, name, anchor in ((_point(0, 0), "A", "end"), (_point(30, 20), "B", "start")):
        yield f'<circle cx="{place[0]}" cy="{place[1]}" r="6"/>'
        shift = -14 if anchor == "end" else 14
        yield _text((place[0] + shift, place[1] + 6), name, f'font-weight="bold" font-size="18" text-anchor="{anchor}"')
    p = float(optimum.ray[0])
    yield _text(
        (LEFT + 15 * SCALE, TOP + 20 * SCALE + 54),
        f"sin(angle) / speed = {p:.4f} s/m in every strip; time {float(optimum.time):.3f} s",
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
