"""Draws cell.svg for docs/arrival_times.md and corners.svg for docs/routes.md: `python docs/images/make_cells.py`.

Places in a panel are in cells, x to the right and y up, as on a map.
"""

from html import escape
from math import sqrt
from pathlib import Path

INK, GREY, FRONT, EDGE, ROUTE, BETTER = "#222222", "#999999", "#1f77b4", "#d95f02", "#222222", "#1b9e3f"
PALE, SHADE = "#f4f1ea", "#fbe3c8"
Place = tuple[float, float]


class Panel:
    """A square drawing of some cells. at: where its place (0, 0) is on the page, px. side: of a cell, px."""

    def __init__(self, at: Place, side: float) -> None:
        self.at, self.side, self.parts = at, side, list[str]()

    def put(self, place: Place) -> str:
        """The coordinates of a place on the page."""
        return f"{self.at[0] + self.side * place[0]:.1f},{self.at[1] - self.side * place[1]:.1f}"

    def cell(self, place: Place, fill: str) -> None:
        """A cell by its lower left corner."""
        x, y = self.put((place[0], place[1] + 1)).split(",")
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{self.side:g}" height="{self.side:g}" fill="{fill}" stroke="{GREY}"/>'
        )

    def line(self, places: list[Place], colour: str, width: float = 2, dashes: str = "", head: bool = False) -> None:
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        style += f' marker-end="url(#head-{colour[1:]})"' if head else ""
        path = "M" + " L".join(map(self.put, places))
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{style}/>')

    def arc(self, radius: float, colour: str, width: float = 2) -> None:
        """A quarter circle around (0, 0)."""
        r = f"{radius * self.side:.1f}"
        path = f"M{self.put((radius, 0))} A{r},{r} 0 0 0 {self.put((0, radius))}"
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>')

    def dot(self, place: Place, colour: str = INK, hollow: bool = False) -> None:
        x, y = self.put(place).split(",")
        fill = "white" if hollow else colour
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>')

    def text(self, place: Place, text: str, colour: str = INK, anchor: str = "middle", bold: bool = False) -> None:
        """Text whose baseline is at a place; _n after a letter becomes an index."""
        x, y = self.put(place).split(",")
        weight = ' font-weight="bold"' if bold else ""
        shown = escape(text)
        for index in "123":
            shown = shown.replace(
                f"_{index}", f'<tspan font-size="11" dy="4">{index}</tspan><tspan dy="-4">&#8203;</tspan>'
            )
        self.parts.append(f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}"{weight}>{shown}</text>')


def to_svg(panels: list[Panel], width: int, height: int) -> str:
    heads = "".join(
        f'<marker id="head-{colour[1:]}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="4.5" markerHeight="4.5" '
        f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{colour}"/></marker>'
        for colour in (FRONT, EDGE)
    )
    body = "\n".join(part for panel in panels for part in panel.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="14">\n<defs>{heads}</defs>\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )


def draw_plane_wave(panel: Panel) -> None:
    """A straight front in the direction (0.6, 0.8) crosses a cell of 10 s a side."""
    panel.text((0.5, 1.52), "a straight front", bold=True)
    panel.cell((0, 0), PALE)
    corners: dict[str, Place] = {"m": (0, 0), "a": (1, 0), "b": (0, 1), "n": (1, 1)}
    for x, y in corners.values():
        along = 0.6 * x + 0.8 * y
        # The front is where 0.6 x + 0.8 y = along.
        ends = max(-0.25, (along - 0.8 * 1.25) / 0.6), min(1.25, (along + 0.8 * 0.25) / 0.6)
        panel.line([(x, (along - 0.6 * x) / 0.8) for x in ends], FRONT, 1.3)
    panel.line([(0.26, 0.18), (0.26 + 0.6 * 0.62, 0.18 + 0.8 * 0.62)], FRONT, 2.5, head=True)
    panel.text((0.05, 0.04), "m = 20 s", anchor="start")
    panel.text((0.96, -0.12), "a = 26 s", anchor="end")
    panel.text((0.05, 1.06), "b = 28 s", anchor="start")
    panel.text((1.06, 1.09), "20 + 6 + 8 = 34 s", anchor="start")
    for name, place in corners.items():
        panel.dot(place, hollow=name == "n")
    panel.text((0.5, -0.4), "both schemes: 34 s")


def draw_round_wave(panel: Panel) -> None:
    """The cell at the start: a front that bulges."""
    panel.text((0.5, 1.52), "a curved front: the start is at m", bold=True)
    panel.cell((0, 0), PALE)
    panel.arc(1, FRONT)
    panel.arc(sqrt(2), FRONT, 1.3)
    panel.line([(1, 0), (0, 1)], EDGE, 2, "7 4")
    panel.line([(0.5, 0.5), (sqrt(0.5), sqrt(0.5))], EDGE, 2.5, head=True)
    panel.text((0.62, 0.5), "0.293", EDGE, anchor="start")
    panel.text((0.43, 0.42), "assumed by godunov", EDGE, anchor="end")
    panel.text((0.08, -0.13), "m = 0", anchor="start")
    panel.text((1.06, -0.09), "a = 1", anchor="start")
    panel.text((-0.06, 1.02), "b = 1", anchor="end")
    panel.text((1.1, 1.24), "exact: √2 = 1.414", anchor="start")
    panel.text((1.1, 1.12), "box: 1.414", anchor="start")
    panel.text((1.1, 1.0), "godunov: 1.707", EDGE, anchor="start")
    for place in ((0, 0), (1, 0), (0, 1)):
        panel.dot(place)
    panel.dot((1, 1), hollow=True)
    panel.text((0.5, -0.4), "godunov is late by as much as the front bulges")


def draw_cell() -> str:
    left, right = Panel((115, 330), 200), Panel((560, 330), 200)
    draw_plane_wave(left)
    draw_round_wave(right)
    return to_svg([left, right], 940, 430)


def draw_corner(
    panel: Panel,
    title: str,
    ground: dict[Place, str],
    shaded: list[Place],
    ends: tuple[Place, Place],
    edges: list[Place],
    left: list[Place],
    said: list[str],
) -> None:
    """One side of a corner at (0, 0). ground: the slowness of each cell, as text. ends: of the legs before and after. edges:
    that the route would cross on this side. left: where it would run then."""
    panel.text((0, 1.25), title, bold=True)
    for place, slowness in ground.items():
        panel.cell(place, SHADE if place in shaded else PALE)
        x, anchor = (place[0] + 0.06, "start") if place[0] < 0 else (place[0] + 0.94, "end")
        panel.text((x, place[1] + (0.86 if place[1] >= 0 else 0.08)), slowness, anchor=anchor)
    for index, (x, y) in enumerate(edges, 1):
        panel.line([(0, 0), (0.95 * x, 0.95 * y)], EDGE, 3.5, head=True)
        panel.text((0.78 * x + 0.1 * abs(y), 0.78 * y + 0.07 * abs(x)), f"e_{index}", EDGE)
    panel.line([ends[0], (0, 0), ends[1]], ROUTE, 2.5)
    panel.line([ends[0], *left, ends[1]], BETTER, 2.5, "7 4")
    for name, (x, y) in zip("uw", ends, strict=True):
        size = 0.5 / sqrt(x * x + y * y)
        panel.line([(0, 0), (size * x, size * y)], FRONT, 3, head=True)
        aside = (0.06 * (1 if x > 0 else -1), -0.15) if y > 0 else (0.14, -0.05)
        panel.text((size * x + aside[0], size * y + aside[1]), name, FRONT, bold=True)
    panel.dot((0, 0))
    for index, text in enumerate(said):
        panel.text((0, -1.25 - 0.2 * index), text)


CELLS: tuple[Place, ...] = ((-1, 0), (0, 0), (-1, -1), (0, -1))


def draw_corners() -> str:
    one, two, three = (Panel((160 + 320 * k, 190), 125) for k in range(3))
    roof = (-0.96, 0.72), (0.96, 0.72)
    draw_corner(
        one,
        "m = 1",
        dict(zip(CELLS, ("5", "5", "", ""), strict=True)),
        [],
        roof,
        [(0, 1)],
        [(0, 0.5)],
        ["a = 5 × 0.6 = 3,  b = 5 × 0.6 = 3", "a + b = 6 > 0", "the route leaves along e_1"],
    )
    draw_corner(
        two,
        "m = 2",
        dict(zip(CELLS, ("s_1 = 2", "3", "4", ""), strict=True)),
        [(-1, 0)],
        ((-0.72, -0.96), (0.96, 0.72)),
        [(-1, 0), (0, 1)],
        [(-0.4, 0), (0, 0.3)],
        [
            "a = 4 × 0.6 = 2.4,  b = 3 × 0.6 = 1.8",
            "hypot(a, b) = 3 > s_1 = 2",
            "the route leaves through the cell between",
        ],
    )
    draw_corner(
        three,
        "m = 3",
        dict(zip(CELLS, ("5", "5", "s_1 = 3", "s_2 = 3"), strict=True)),
        [(-1, -1), (0, -1)],
        roof,
        [(-1, 0), (0, -1), (1, 0)],
        [(-0.45, 0), (0.45, 0)],
        [
            "a = 5 × 0.8 = 4,  b = 5 × 0.8 = 4",
            "a = 4 > s_1 = 3,  b = 4 > s_2 = 3",
            "the route leaves along e_1 and e_3",
        ],
    )
    return to_svg([one, two, three], 960, 410)


DRAWINGS = {"cell.svg": draw_cell, "corners.svg": draw_corners}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (Path(__file__).parent / name).write_text(draw(), encoding="utf-8")
