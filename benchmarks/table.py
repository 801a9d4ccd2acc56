"""Tables of measurements, as Markdown and as plain data, and the functions that measure times."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax

wait_for: Callable[[Any], Any] = jax.block_until_ready


@dataclass
class Table:
    """title: what was measured. remark: how. rows: a value for each of the columns; None if there is none."""

    title: str
    columns: list[str]
    remark: str = ""
    rows: list[list[Any]] = field(default_factory=list)

    def to_markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        if self.remark:
            lines += [self.remark, ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "remark": self.remark,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value.replace("|", "\\|")
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def seconds(function: Callable[[], Any], least: float = 0.3) -> float:
    """The duration of the shortest call, s, after one warm-up call: at least three calls and `least` seconds in total."""
    wait_for(function())
    times: list[float] = []
    while len(times) < 3 or sum(times) < least:
        before = time.perf_counter()
        wait_for(function())
        times.append(time.perf_counter() - before)
    return min(times)


def side_by_side(functions: list[Callable[[], Any]], rounds: int = 15) -> list[float]:
    """The duration of the shortest call of each, s, measured in turns, so that a busy machine slows all of them equally."""
    for function in functions:
        wait_for(function())
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, durations in zip(functions, times, strict=True):
            before = time.perf_counter()
            wait_for(function())
            durations.append(time.perf_counter() - before)
    return [min(durations) for durations in times]
