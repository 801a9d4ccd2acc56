"""Many tries of some parts: what they came to, and each kind of fault with the smallest input that shows it."""

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from tests.fuzz import commands, lines, records, scenarios, tables, walks
from tests.fuzz.bench import Bench, make_bench
from tests.fuzz.oracle import Fault
from tests.fuzz.values import Draw

Part = Callable[[Draw, Bench], None]

SMALLER = 150  # tries to make an input with a fault smaller

# Each part with its share of the tries.
PARTS: dict[str, tuple[Part, float]] = {
    "yaml": (scenarios.play, 0.3),
    "jsonl": (lines.play, 0.2),
    "csv": (tables.play, 0.15),
    "records": (records.play, 0.15),
    "commands": (commands.play, 0.2),
    "walks": (walks.play, 0.1),
}


class _SmallEnough(BaseException):
    """Ends the minimising. Not an Exception, because Hypothesis would take that for a fault."""


@dataclass
class Outcome:
    """What the tries of a part came to. codes: the exit codes of the first command of each try. faults: by kind."""

    tries: int = 0
    seconds: float = 0.0
    codes: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    sentences: dict[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """The tries whose input was accepted."""
        return self.codes[0] + self.codes[1]


def run_tries(part: Part, tries: int, number: int, failures: Path) -> Outcome:
    """Run so many tries of a part, with `number` as the seed. A fault of each kind is minimised and kept in `failures`."""
    outcome = Outcome()
    began = time.monotonic()
    with make_bench() as bench:
        while outcome.tries < tries:
            found = _run_until_fault(part, tries - outcome.tries, number + outcome.tries, bench, outcome, failures)
            if not found:
                break  # Hypothesis may end early where it has tried everything
    outcome.seconds = time.monotonic() - began
    return outcome


def _run_until_fault(part: Part, tries: int, number: int, bench: Bench, outcome: Outcome, failures: Path) -> bool:
    """Run tries until a kind of fault turns up that is not known yet; minimise and keep it. Whether one did."""
    found: dict[str, str] = {}  # the new kind, and a sentence
    smaller = 0  # tries while a fault is minimised

    def one(data: st.DataObject) -> None:
        nonlocal smaller
        bench.clear()
        searching, fault = not found, None
        smaller += not searching
        if smaller > SMALLER:
            raise _SmallEnough
        try:
            part(data.draw, bench)
        except Fault as problem:
            fault = problem
        if searching:
            outcome.tries += 1
            outcome.codes[bench.code] += 1
        if fault is None:
            return
        if searching:
            outcome.faults[fault.kind] += 1
        if fault.kind not in outcome.sentences and (searching or fault.kind in found):
            found[fault.kind] = str(fault)
            bench.keep(failures / re.sub(r"\W+", "-", fault.kind), fault)
            raise fault

    run: Any = settings(
        max_examples=tries,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )(seed(number)(given(st.data())(one)))
    with contextlib.suppress(Fault, _SmallEnough, Flaky):  # a fault is known by now
        run()
    outcome.sentences |= found
    return bool(found)


def run_parts(names: Iterable[str], tries: int, number: int, failures: Path) -> dict[str, Outcome]:
    """Run the named parts, each with its share of the tries."""
    shares = {name: PARTS[name][1] for name in names}
    total = sum(shares.values())
    return {
        name: run_tries(PARTS[name][0], max(round(tries * share / total), 1), number, failures / name)
        for name, share in shares.items()
    }


def describe(outcomes: Mapping[str, Outcome], failures: Path) -> str:
    """The table of the outcomes, and the faults by kind."""
    rows = ["part        tries  accepted       0       1       2  tries/s  faults"]
    total = Outcome()
    for name, outcome in outcomes.items():
        rows.append(_row(name, outcome))
        total.tries += outcome.tries
        total.seconds += outcome.seconds
        total.codes += outcome.codes
        total.faults += outcome.faults
    rows.append(_row("all", total))
    for name, outcome in outcomes.items():
        for kind, times in outcome.faults.most_common():
            rows.append(f"{name}: {times:,} times {outcome.sentences.get(kind, kind)[:400].rstrip()}")
    if total.faults:
        rows.append(f"the smallest input of each kind is in {failures}")
    return "\n".join(rows)


def _row(name: str, outcome: Outcome) -> str:
    codes = "".join(f"{outcome.codes[code]:8,}" for code in (0, 1, 2))
    share = outcome.accepted / max(outcome.tries, 1)
    rate = outcome.tries / max(outcome.seconds, 1e-9)
    return f"{name:<9}{outcome.tries:>8,}{share:>9.1%}{codes}{rate:>9.1f}{outcome.faults.total():>8,}"
