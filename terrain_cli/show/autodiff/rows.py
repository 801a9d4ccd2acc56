"""An expression tree in the terminal: a row for each node with its value and, on request, the derivative with respect to it."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from terrain_cli.autodiff.graph import CONSTANT, VARIABLE, Node, occurrences
from terrain_cli.autodiff.operations import SUM
from terrain_cli.show.console import out, screen_width, working
from terrain_cli.text import short, visible

SHOWN = 8  # terms of a sum or product that is not folded, at most
KEPT = 3  # leading terms of a folded sum or product that are shown, beside the last one

STYLE = {VARIABLE: "cyan", CONSTANT: "", "operation": "bold"}


@dataclass(eq=False)
class Branch:
    """One occurrence of a node in the tree.

    hidden: the nodes that are folded into this branch, which then has no node of its own. slope: the derivative of the parent
    with respect to this input. shared: the node occurs elsewhere too; mark: the number of such an operation, 0 for none.
    repeated: the operation has been drawn already and has no children here.
    """

    node: Node | None
    parent: "Branch | None" = None
    slope: float = 1.0
    shared: bool = False
    mark: int = 0
    repeated: bool = False
    hidden: tuple[Node, ...] = ()
    children: "list[Branch]" = field(default_factory=list)

    @property
    def handed(self) -> float:
        """What this occurrence contributes to the node's derivative: the parent's derivative times the slope."""
        above = self.parent.node if self.parent else None
        return self.slope * above.derivative if above else 1.0

    @property
    def folded_value(self) -> float | None:
        """The sum of the folded terms; None unless the parent is a sum."""
        above = self.parent.node if self.parent else None
        return sum(node.value for node in self.hidden) if above and above.rule is SUM else None


def unfold(root: Node, shown: int | None = SHOWN) -> Branch:
    """The graph as a tree. A leaf appears wherever it is used; a shared operation is drawn once and then referred to.

    shown: sums and products with more terms are folded to the first three and the last; None shows all terms.
    """
    uses = occurrences(root)
    marks: dict[int, int] = {}
    trunk = Branch(root)
    waiting = [trunk]
    while waiting:
        branch = waiting.pop()
        node = branch.node
        if node is None:
            continue
        branch.shared = uses[id(node)] > 1
        if branch.shared and node.inputs:
            branch.repeated = id(node) in marks
            branch.mark = marks.setdefault(id(node), len(marks) + 1)
        if branch.repeated:
            continue
        inputs = list(zip(node.inputs, node.slopes(), strict=True))
        fold = shown is not None and len(inputs) > max(shown, KEPT + 2)
        for inner, slope in inputs[:KEPT] if fold else inputs:
            branch.children.append(Branch(inner, branch, slope))
        if fold:
            branch.children.append(Branch(None, branch, hidden=node.inputs[KEPT:-1]))
            branch.children.append(Branch(inputs[-1][0], branch, inputs[-1][1]))
        waiting.extend(reversed(branch.children))
    return trunk


def preorder(trunk: Branch) -> Iterator[tuple[Branch, str]]:
    """Yield every branch, parents first, with the connecting lines in front of it in a terminal."""
    waiting = [(trunk, "", "")]
    while waiting:
        branch, lead, below = waiting.pop()
        yield branch, lead
        last = len(branch.children) - 1
        waiting.extend(
            (child, below + ("└─ " if i == last else "├─ "), below + ("   " if i == last else "│  "))
            for i, child in reversed(list(enumerate(branch.children)))
        )


def caption(branch: Branch) -> str:
    """The label of a branch."""
    node = branch.node
    if node is None:
        return f"… {len(branch.hidden):,} more"
    return f"{node.label} [{branch.mark}]" if branch.mark else node.label


def print_graph(root: Node, *, gradients: bool = False, whole: bool = False) -> None:
    """Print the tree, a row for each node. gradients: with the derivatives and the chain rule. whole: fold nothing."""
    with working("laying out the tree"):
        head, *lines = _lay_out(root, gradients, whole)
    # On a terminal the rows themselves show how far it has come.
    with nullcontext() if screen_width() else working("writing the tree"):
        out.print(head, style="bold")
        for text in lines:
            out.print(text)


def _lay_out(root: Node, gradients: bool, whole: bool) -> list[Text]:
    """The head and the rows of the tree."""
    rows = [(branch, lead) for branch, lead in preorder(unfold(root, None if whole else SHOWN))]
    cells = [[caption(branch), _value(branch), *(_derivatives(branch) if gradients else ())] for branch, _ in rows]
    heads = ["", "value", *(("derivative", "chain rule") if gradients else ())]
    tree_width = max(cell_len(lead + row[0]) for (_, lead), row in zip(rows, cells, strict=True))
    widths = [max(cell_len(row[i]) for row in [heads, *cells]) for i in range(1, min(len(heads), 3))]

    def line(lead: str, row: list[str], style: str, remark: str = "") -> Text:
        text = Text.assemble((lead, "dim"), (row[0], style), " " * (tree_width - cell_len(lead + row[0])))
        for cell, width in zip(row[1:], widths, strict=False):
            text.append("  " + " " * (width - cell_len(cell)) + cell)
        text.append("".join(f"  {cell}" for cell in row[3:] if cell), "dim")
        text.append(remark, "dim")
        text.rstrip()
        return text

    room, lines = screen_width(), list[Text]()
    for shown in (4, 3, 2):  # a narrow terminal does without the chain rule, then without the derivative
        lines = [line("", heads[:shown], "", "")]
        for (branch, lead), row in zip(rows, cells, strict=True):
            node = branch.node
            remark = "  as above" if branch.repeated else f"  {visible(node.note)}" if node and node.note else ""
            lines.append(line(lead, row[:shown], STYLE[node.kind] if node else "dim", remark))
        if room is None or max(text.cell_len for text in lines) <= room:
            break
    return lines


def _value(branch: Branch) -> str:
    """The value of a branch; "" for a constant, whose label is its value."""
    if branch.node is None:
        return "" if branch.folded_value is None else short(branch.folded_value)
    return short(branch.node.value) if branch.node.named else ""


def _derivatives(branch: Branch) -> tuple[str, str]:
    """The derivative with respect to a branch, and its origin: the parent's derivative times the slope."""
    node, above = branch.node, branch.parent.node if branch.parent else None
    if node is None or above is None:
        return (short(node.derivative) if node else "", "")
    product = f"{short(above.derivative, 4)} × {short(branch.slope, 4)}"
    return short(node.derivative), f"{product} = {short(branch.handed, 4)} here" if branch.shared else product
