"""`python -m tests.fuzz`: the fuzzer by hand. The exit code is 1 if there is a fault, or too few inputs were accepted."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from terrain_cli.compile_cache import enable_compile_cache
from tests.fuzz import interrupts
from tests.fuzz.campaign import PARTS, describe, run_parts

# Parts that need a process for each try, such as interrupts, or limits of memory: how many of so many tries, with this seed, have
# a fault. They run only where --only names them.
PROCESSES: dict[str, Callable[[int, int], int]] = {
    "interrupts": lambda tries, _: interrupts.main(tries, []),
    # In a process of its own, which has no threads.
    "greedy": lambda tries, seed: (
        subprocess.run([sys.executable, "-m", "tests.fuzz.greedy", str(tries), str(seed)], check=False).returncode
    ),
}
SHARE = 0.4  # of the tries must be accepted inputs: what is refused at once tests little


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Run terrain on inputs that nobody would write."
    )
    parser.add_argument("--tries", type=int, default=4000, help="number of tries (default: 4000)")
    parser.add_argument("--seed", type=int, default=0, help="another number gives other tries (default: 0)")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas (default: %(default)s)")
    parser.add_argument("--failures", type=Path, help="folder for the smallest input of each kind of fault")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - {*PARTS, *PROCESSES}:
        parser.error(f"--only: there is no part {', '.join(unknown)}: the parts are {', '.join([*PARTS, *PROCESSES])}")
    failures = arguments.failures or Path(tempfile.mkdtemp(prefix="terrain-faults-"))
    enable_compile_cache()
    outcomes = run_parts([name for name in names if name in PARTS], arguments.tries, arguments.seed, failures)
    print(describe(outcomes, failures))
    few = any(outcome.accepted < SHARE * outcome.tries for outcome in outcomes.values())
    faults = [PROCESSES[name](arguments.tries, arguments.seed) for name in names if name in PROCESSES]
    sys.exit(few or any(faults) or any(outcome.faults for outcome in outcomes.values()))


if __name__ == "__main__":
    main()
