"""A table of measurements, as Markdown for people and as plain data for programs; and how a time is measured."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax

wait_for: Callable[[Any], Any] = jax.block_until_ready


@dataclass
class Table:
    """title: what was measured. remark: how. rows: a value for each of the columns; None where there is none."""

    title: str
    columns: list[str]
    remark: str = ""
    rows: list[list[Any]] = field(default_factory=list)

    def to_markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        if self.remark:
            lines += [self.remark, ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(map(_said, row)) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "remark": self.remark,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }


def _said(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value.replace("|", "\\|")
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def seconds(function: Callable[[], Any], least: float = 0.3) -> float:
    """The shortest of several calls after one that warms up, s; calls go on for `least` seconds, three at the least."""
    wait_for(function())
    times: list[float] = []
    while len(times) < 3 or sum(times) < least:
        before = time.perf_counter()
        wait_for(function())
        times.append(time.perf_counter() - before)
    return min(times)


def side_by_side(functions: list[Callable[[], Any]], rounds: int = 15) -> list[float]:
    """The shortest time of each, s, measured in turns, so that a busy machine is busy for all of them."""
    for function in functions:
        wait_for(function())
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, its in zip(functions, times, strict=True):
            before = time.perf_counter()
            wait_for(function())
            its.append(time.perf_counter() - before)
    return [min(its) for its in times]
