"""Interrupts `terrain` at random moments: `python -m tests.fuzz.interrupts 200 [solve sweep batch check]`.

Each run must end with exit code 130 and one short line on stderr, leave a whole document on stdout or nothing, whole files or
none, and no temporary file. Half of the runs find no compiled programs.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import CONFIGS, ROOT

LONGEST = 5.0  # s until the signal
PATIENCE = 60  # s until a run that goes on is killed


def make_commands(folder: Path) -> dict[str, list[str]]:
    """Commands that take longer than `LONGEST`, each with its output in `folder`."""
    cases, many = folder / "cases.jsonl", folder / "many"
    with cases.open("w") as file:
        for i in range(2_000_000):
            file.write(f'{{"widths": [10, {1 + i % 7}, 10], "speeds": [0.7, 0.3, 0.45], "offset": {i % 50}}}\n')
    many.mkdir()
    text = (CONFIGS / "three_strips.yaml").read_text()
    for i in range(3_000):
        (many / f"{i:04}.yaml").write_text(text)
    three, out = str(CONFIGS / "three_strips.yaml"), str(folder / "out")
    Path(out).mkdir()
    long = ["--step", "1e-4", "--tolerance", "0", "--iterations", "1000000000"]
    return {
        "solve": ["solve", three, *long, "--json", "-o", f"{out}/solution.json"],
        "sweep": ["sweep", three, "--step", "0.001:3:1000000", "--json", "-o", f"{out}/points.json"],
        "batch": ["batch", str(cases), "-o", f"{out}/results.jsonl"],
        "check": ["check", str(many), "--json"],
    }


def is_listening(pid: int) -> bool:
    """Whether Python has come to the first lines of the package, where it handles SIGTERM; Linux tells."""
    status = Path(f"/proc/{pid}/status").read_text()
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(int(caught, 16) >> signal.SIGTERM - 1 & 1)


def interrupt(command: list[str], folder: Path, delay: float, warm: bool, number: signal.Signals) -> list[str]:
    """What is wrong with a run that is interrupted after `delay` s."""
    out = folder / "out"
    shutil.rmtree(out)
    out.mkdir()
    cache = folder / ("warm" if warm else "cold")
    if not warm:
        shutil.rmtree(cache, ignore_errors=True)
    environment = {**os.environ, "TERRAIN_CACHE_DIR": str(cache)}
    process = subprocess.Popen(
        [sys.executable, "-m", "terrain_cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    time.sleep(delay)
    while process.poll() is None and not is_listening(process.pid):
        time.sleep(0.002)
    finished = process.poll() is not None
    process.send_signal(number)
    began = time.monotonic()
    try:
        printed, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return [f"went on for {PATIENCE} s"]
    waited = time.monotonic() - began
    print(
        f"{command[0]:6} {delay:.2f} s, ended {waited:.2f} s later, code {process.returncode}: {errors.strip()[-60:]}"
    )
    wrong = []
    if finished:
        wrong.append("ended before the signal")
    elif process.returncode != 130:
        wrong.append(f"exit code {process.returncode}")
    if "interrupted" not in errors.lower() + printed.lower() or len(errors.splitlines()) > 1 + errors.count(
        "wrote "
    ) + errors.count("will be kept"):
        wrong.append(f"stderr {errors!r}")
    for text in (printed, *(file.read_text() for file in out.glob("*.json"))):
        try:
            json.loads(text or "0")
        except ValueError as problem:
            wrong.append(f"half a document: {problem}")
    wrong += [f"left {file.name}" for file in out.iterdir() if file.name.startswith(".")]
    wrong += [f"left {file.name}" for file in cache.glob(".*")] if cache.exists() else []
    return wrong


def main(tries: int, names: list[str]) -> int:
    """Interrupt each of the commands so many times. Returns the number of runs with something wrong."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job would ignore it, and so would terrain
    chance = random.Random(20261126)
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = make_commands(folder)
        for i in range(tries):
            for name in names or list(commands):
                delay = chance.random() * LONGEST
                number = signal.SIGINT if i % 4 else signal.SIGTERM
                wrong = interrupt(commands[name], folder, delay, warm=bool(i % 2), number=number)
                if wrong:
                    bad += 1
                    print(f"{name} after {delay:.3f} s, {number.name}: {'; '.join(wrong)}")
    print(f"{tries} tries of each command, {bad} with something wrong")
    return bad


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]) > 0)
