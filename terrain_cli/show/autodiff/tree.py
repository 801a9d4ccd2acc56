"""An expression tree as an SVG drawing, written by hand so that the same tree gives the same bytes everywhere.

Each node is a block: its shape and, below it, its value and, on request, the derivative of the root with respect to it. Blocks
are arranged in layers, packed closely, with parents centred above their children.

Source of the layout: Kennedy, "Drawing Trees" (1996): the outlines of subtrees are packed from the left and from the right,
and the mean of both placements is used: it has no overlaps either and favours neither side.
"""

import html
import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from terrain_cli.autodiff.graph import CONSTANT, OPERATION, VARIABLE, Node
from terrain_cli.show.autodiff.rows import SHOWN, Branch, preorder, unfold
from terrain_cli.text import FROM_SUBSCRIPTS, short, visible

GAP = 14.0  # between neighbours, px like all sizes here
DROP = 34.0  # between layers, room for the connecting lines
SIZE = 32.0  # height of a shape
LINE = 14.0  # height of a line of a caption
MARGIN = 24.0
KEY_LINE = 19.0  # height of a line of the key
LONGEST, LONGEST_TITLE = 16, 80  # characters, at most, of a note below a leaf and of each part of the title

# Colours after Okabe and Ito, which differ in lightness as well: (fill, outline, text).
COLOURS = {
    VARIABLE: ("#cfe6f5", "#0072b2", "#003f63"),
    CONSTANT: ("#f4efe2", "#a08a55", "#4a3f24"),
    OPERATION: ("#3c4450", "#3c4450", "#ffffff"),
}
INK, PALE, LINES, SLOPE, PALE_SLOPE = "#22262c", "#626973", "#98a1ad", "#b3400a", "#a85a30"

Outline = list[tuple[float, float]]  # left and right end of each layer, relative to the middle of the root


def draw_tree(
    root: Node, title: Sequence[str], legend: Sequence[str] = (), *, gradients: bool = False, whole: bool = False
) -> str:
    """The tree as an SVG document.

    title: the title and a line below it. legend: lines below the tree that explain the names. gradients: add the derivative
    of the root with respect to every node and, beside each line, the factor of the chain rule. whole: fold nothing.
    """
    title = [_shorten(visible(part), LONGEST_TITLE) for part in title]
    trunk = unfold(root, None if whole else SHOWN)
    branches = [branch for branch, _ in preorder(trunk)]
    captions = {branch: _captions(branch, gradients) for branch in branches}
    widths = {branch: _width(branch, captions[branch], gradients) for branch in branches}
    middles, outline = place_blocks(branches, widths)
    depths: dict[Branch, int] = {}
    tallest: list[int] = []  # lines of caption in each layer
    for branch in branches:
        depth = depths[branch] = depths[branch.parent] + 1 if branch.parent else 0
        tallest += [0] * (depth + 1 - len(tallest))
        tallest[depth] = max(tallest[depth], len(captions[branch]))
    drop = DROP + (LINE if gradients else 0)
    tops = [0.0]
    for lines in tallest:
        tops.append(tops[-1] + SIZE + lines * LINE + drop)

    left, right = min(ends[0] for ends in outline), max(ends[1] for ends in outline)
    key = _key(legend, gradients, any(branch.shared for branch in branches))
    heading = max(11.6 * cell_len(title[0]), 8 * cell_len(title[1]))
    width = max(right - left, heading, *(length for _, length in key)) + 2 * MARGIN
    across = (width - (right - left)) / 2 - left
    down = MARGIN + 58
    bottom = down + tops[-1] - drop + 26
    height = bottom + KEY_LINE * len(key) + MARGIN - 6

    body: list[str] = []
    for branch in branches:
        if branch.parent:
            body += _line(branch, middles, depths, tops, captions, across, down, gradients)
    for branch in branches:
        body += _block(branch, captions[branch], middles[branch] + across, tops[depths[branch]] + down)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="STIX Two Text, Cambria, Georgia, DejaVu Serif, serif" '
            f'font-size="17" text-anchor="middle" role="img">',
            f"<title>{_escape(' '.join(title).strip())}</title>",
            f'<rect x="0.5" y="0.5" width="{width - 1:.1f}" height="{height - 1:.1f}" rx="10" '
            'fill="#fffdf9" stroke="#ddd8cc"/>',
            f'<text x="{MARGIN:g}" y="{MARGIN + 14:g}" text-anchor="start" font-weight="bold" fill="{INK}">'
            f"{_escape(title[0])}</text>",
            f'<text x="{MARGIN:g}" y="{MARGIN + 34:g}" text-anchor="start" font-size="14" fill="{PALE}">'
            f"{_escape(title[1])}</text>",
            *body,
            *_stack(key, bottom),
            "</svg>",
            "",
        ]
    )


def _escape(text: str) -> str:
    """The text escaped for XML, so that none of it is read as markup."""
    return html.escape(visible(text))


def _shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _captions(branch: Branch, gradients: bool) -> list[tuple[str, str]]:
    """The lines below a node, each as (text, colour)."""
    node = branch.node
    if node is None:
        return [] if branch.folded_value is None else [(_minus(short(branch.folded_value)), INK)]
    lines = []
    if node.note:
        lines.append((_shorten(visible(node.note), LONGEST), PALE))
    if node.named:
        lines.append((_minus(short(node.value)), INK))
    if gradients:
        lines.append((f"∂ {_minus(short(node.derivative, 4))}", SLOPE))
        if branch.shared:
            lines.append((f"{_minus(short(branch.handed, 4))} here", PALE_SLOPE))
    return lines


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _label(branch: Branch) -> str:
    """The text in the shape."""
    node = branch.node
    if node is None:
        return f"{len(branch.hidden):,} more"
    if branch.repeated:
        return f"[{branch.mark}]"
    return _minus(node.label) if node.kind == CONSTANT else node.label


def _shape_width(branch: Branch) -> float:
    """The width of the shape; its height if the label is short."""
    return max(SIZE, 14 + 9.0 * cell_len(_label(branch)))


def _width(branch: Branch, captions: list[tuple[str, str]], gradients: bool) -> float:
    """The width of the block, a generous estimate because the width of the letters is unknown."""
    texts = [7.6 * cell_len(text) for text, _ in captions]
    if gradients and branch.parent and branch.node:
        texts.append(6.6 * len(_factor(branch)) + 4)
    return max(_shape_width(branch), *texts, 0.0) if texts else _shape_width(branch)


def _factor(branch: Branch) -> str:
    return f"× {_minus(short(branch.slope, 4))}"


def place_blocks(branches: list[Branch], widths: dict[Branch, float]) -> tuple[dict[Branch, float], Outline]:
    """The position of the middle of each block relative to the first, and the outline of the tree."""
    outlines: dict[Branch, Outline] = {}
    shifts: dict[Branch, float] = {}
    for branch in reversed(branches):  # children first
        own = (-widths[branch] / 2, widths[branch] / 2)
        below = [outlines.pop(child) for child in branch.children]
        places = _pack(below)
        shifts.update(zip(branch.children, places, strict=True))
        outlines[branch] = [own, *_overlay(below, places)]
    middles = {branches[0]: 0.0}
    for branch in branches:
        for child in branch.children:
            middles[child] = middles[branch] + shifts[child]
    return middles, outlines[branches[0]]


def _pack(outlines: list[Outline]) -> list[float]:
    """The positions of outlines side by side, as close as possible and centred on 0."""
    if not outlines:
        return []
    mirrored = [[(-right, -left) for left, right in outline] for outline in reversed(outlines)]
    from_left = _pack_from_left(outlines)
    from_right = [-place for place in reversed(_pack_from_left(mirrored))]
    places = [(left + right - from_right[0]) / 2 for left, right in zip(from_left, from_right, strict=True)]
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]


def _pack_from_left(outlines: Iterable[Outline]) -> list[float]:
    """The positions of outlines, each as far left as those before it allow, the first at 0."""
    edge: list[float] = []  # the right end so far in each layer
    places: list[float] = []
    for outline in outlines:
        place = max((right + GAP - ends[0] for right, ends in zip(edge, outline, strict=False)), default=0.0)
        places.append(place)
        ends = [place + right for _, right in outline]
        edge = ends + edge[len(ends) :]
    return places


def _overlay(outlines: list[Outline], places: list[float]) -> Outline:
    """The outline that encloses several outlines at these positions."""
    deepest = max(map(len, outlines), default=0)
    whole: Outline = []
    for layer in range(deepest):
        here = [
            (place + outline[layer][0], place + outline[layer][1])
            for outline, place in zip(outlines, places, strict=True)
            if layer < len(outline)
        ]
        whole.append((min(left for left, _ in here), max(right for _, right in here)))
    return whole


def _line(
    branch: Branch,
    middles: dict[Branch, float],
    depths: dict[Branch, int],
    tops: list[float],
    captions: dict[Branch, list[tuple[str, str]]],
    across: float,
    down: float,
    gradients: bool,
) -> list[str]:
    """The line from the parent's block to this one, with the slope at its end."""
    above = branch.parent
    if above is None:
        return []
    x1, y1 = middles[above] + across, tops[depths[above]] + down + SIZE + len(captions[above]) * LINE + 4
    x2, y2 = middles[branch] + across, tops[depths[branch]] + down
    end = y2 - (LINE + 4 if gradients and branch.node else 0)
    dashes = ' stroke-dasharray="3 3"' if branch.node is None else ""
    drawn = [f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {end:.1f}" stroke="{LINES}" stroke-width="1.3"{dashes}/>']
    if gradients and branch.node:
        drawn.append(
            f'<text x="{x2:.1f}" y="{y2 - 6:.1f}" font-size="11.5" fill="{PALE_SLOPE}">{_factor(branch)}</text>'
        )
    return drawn


def _block(branch: Branch, captions: list[tuple[str, str]], x: float, y: float) -> list[str]:
    """A node and the lines below it."""
    node, width = branch.node, _shape_width(branch)
    drawn = ["<g>"]
    if node is None:
        drawn.append(f'<text x="{x:.1f}" y="{y + 13:.1f}" fill="{PALE}">⋯</text>')
        drawn.append(f'<text x="{x:.1f}" y="{y + 27:.1f}" font-size="13" fill="{PALE}">{_label(branch)}</text>')
    else:
        drawn.append(f"<title>{_escape(_tooltip(branch))}</title>")
        drawn.append(_shape(node.kind, x, y, width, dashed=branch.repeated))
        drawn.append(_lettering(branch, x, y))
    for i, (text, colour) in enumerate(captions):
        drawn.append(
            f'<text x="{x:.1f}" y="{y + SIZE + 13 + i * LINE:.1f}" font-size="13" fill="{colour}">{html.escape(text)}</text>'
        )
    return [*drawn, "</g>"]


def _shape(kind: str, x: float, y: float, width: float, *, dashed: bool = False) -> str:
    """The shape of a node: round for a variable, with corners for a constant, dark for an operation."""
    fill, outline, _ = COLOURS[kind]
    corner = {VARIABLE: SIZE / 2, CONSTANT: 3, OPERATION: 10}[kind]
    if dashed:
        fill = "none"
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{SIZE:g}" rx="{corner:g}" '
        f'fill="{fill}" stroke="{outline}" stroke-width="1.4"' + (' stroke-dasharray="4 3"/>' if dashed else "/>")
    )


def _lettering(branch: Branch, x: float, y: float) -> str:
    """The label in the shape, with names in italics and their numbers as subscripts."""
    node = branch.node
    assert node is not None
    colour = INK if branch.repeated else COLOURS[node.kind][2]
    label = _label(branch)
    if node.kind == OPERATION and not branch.repeated and re.fullmatch("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", label):
        label = f"( ){label}"
    elif node.kind == OPERATION and branch.mark and not branch.repeated:
        label = f"{label}  [{branch.mark}]"
    name = label.rstrip("₀₁₂₃₄₅₆₇₈₉,")
    below = label[len(name) :]
    slanted = ' font-style="italic"' if node.named and node.kind != OPERATION else ""
    lowered = (
        f'<tspan font-size="12" font-style="normal" dy="4">{below.translate(FROM_SUBSCRIPTS)}</tspan>' if below else ""
    )
    return f'<text x="{x:.1f}" y="{y + 21.5:.1f}" fill="{colour}"{slanted}>{_escape(name)}{lowered}</text>'


def _tooltip(branch: Branch) -> str:
    """The value and derivative of a node with more digits."""
    node = branch.node
    assert node is not None
    note = f" ({node.note})" if node.note else ""
    return f"{node.label}{note} = {short(node.value, 12)}, derivative {short(node.derivative, 12)}"


def _stack(key: list[tuple[list[str], float]], y: float) -> list[str]:
    """The lines of the key, one below the other, starting at `y`."""
    drawn = []
    for i, (elements, _) in enumerate(key):
        drawn.append(
            f'<g transform="translate({MARGIN:g} {y + i * KEY_LINE:.1f})" font-size="13" text-anchor="start" fill="{PALE}">'
        )
        drawn += [*elements, "</g>"]
    return drawn


def _key(legend: Sequence[str], gradients: bool, shared: bool) -> list[tuple[list[str], float]]:
    """The key to shapes and numbers: the elements and the width of each line."""
    drawn, x = [], 0.0
    for kind in (VARIABLE, CONSTANT, OPERATION):
        fill, outline, _ = COLOURS[kind]
        corner = {VARIABLE: 7, CONSTANT: 2, OPERATION: 4}[kind]
        drawn.append(
            f'<rect x="{x:g}" y="0" width="14" height="14" rx="{corner}" fill="{fill}" stroke="{outline}" stroke-width="1.2"/>'
        )
        drawn.append(f'<text x="{x + 20:g}" y="11.5">{kind}</text>')
        x += 32 + 7.2 * len(kind)
    drawn.append(f'<text x="{x:g}" y="11.5" fill="{INK}">below: the value</text>')
    lines = [(drawn, x + 112)]
    texts = [(PALE, _escape(text)) for text in legend]
    if gradients:
        texts += [
            (SLOPE, "∂ derivative of the result with respect to this number:"),
            (SLOPE, "the parent's derivative × the slope between the two"),
        ]
    if gradients and shared:
        texts += [
            (
                PALE_SLOPE,
                "… here: the contribution of one of several uses of a number",
            )
        ]
    for colour, text in texts:
        lines.append(([f'<text x="0" y="11.5" fill="{colour}">{text}</text>'], 6.6 * len(text)))
    return lines
