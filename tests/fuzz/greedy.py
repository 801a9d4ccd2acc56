"""Small inputs that ask for much: `python -m tests.fuzz.greedy 2000 [SEED]`.

Each try is a process with 2 GB of address space. It must end with an exit code of the README and no traceback, or show its
progress; whatever goes on is interrupted, mostly soon and sometimes late, and must then end, at the latest when it is
interrupted once more. The process is forked from one that has imported what every command does, since most of these inputs are
refused before anything else is imported, and the libraries that take seconds to import.
"""

import atexit
import contextlib
import importlib
import os
import random
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import terrain_cli.scenario.load
import terrain_cli.show.console
from terrain_cli import cli, interrupts, kinds

MEMORY = 2 * 10**9  # bytes of address space
SILENT = 10.0  # s of processor time without progress
LONGEST = [1.0] * 7 + [20.0]  # s of processor time after its first progress until a run is interrupted: one of these
FOREVER = 100.0  # s until any run is interrupted, however little it does
AGAIN = 10.0  # s until a run that still shows or writes what it has is interrupted once more, which ends it
PATIENCE = 15.0  # s until an interrupted run must have ended
CODES = (0, 1, 2, 130)

Chance = random.Random
Try = tuple[list[str], bytes]  # arguments, and what comes on standard input
HOSTILE = "\u202e\u2066\u200b\u2028\x9b"


def _size(chance: Chance, most: float) -> int:
    """A number up to `most`, of any order of magnitude."""
    return int(most ** chance.random())


def _strips(count: int, extra: str = "") -> str:
    strips = ",".join(f"{{width: {1 + i % 7}, speed: 0.{1 + i % 8}}}" for i in range(count))
    return f"strips: [{strips}]\noffset: 3\n{extra}"


def _map(rows: int, cols: int, folder: Path, chance: Chance) -> str:
    """A map whose file has a header for so many cells, and as good as no content: its cells are 0, or it is too short."""
    kind = chance.choice(["<f8", "<f8", "<f4", "<f2", "<c16", "|O", "<i8", "|u1", "<M8[s]", "[('a', '<f8')]"])
    name = kind if kind.startswith("[") else repr(kind)
    header = f"{{'descr': {name}, 'fortran_order': {chance.random() < 0.3}, 'shape': ({rows}, {cols}), }}\n".encode()
    with (folder / "m.npy").open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        with contextlib.suppress(OSError):  # longer than a file may be here
            if chance.random() < 0.7:
                file.truncate(file.tell() + 8 * rows * cols)
    return f"map: {{cell: 1, speeds: {{file: m.npy}}}}\nstart: [0.5, 0.5]\ngoal: [{cols - 0.5}, 0.5]\n"


def numbers(chance: Chance, folder: Path) -> Try:
    """A number, a text or a key of many characters."""
    piece = chance.choice(
        ["1", "1_", "_1", "1.", "0", "e", "\u0661", "-", "1e", ".", "[", "{a: ", "&a ", "? ", HOSTILE]
    )
    text = piece * _size(chance, 3e5) + chance.choice(["", "x", "_", "e5", "."])
    place = chance.choice(
        ["strips: [{{width: {}, speed: 1}}]\noffset: 1\n", "offset: {}\n", "{}: 1\n", "units: {{time: {}}}\n"]
    )
    (folder / "s.yaml").write_text(place.format(text))
    return [chance.choice(["solve", "check", "graph"]), "s.yaml"], b""


def problems(chance: Chance, folder: Path) -> Try:
    """Many problems in one file."""
    count = _size(chance, 2e4)
    text = chance.choice(
        [
            f"strips: [{'{width: -1, speed: x}, ' * count}]\noffset: 1\n",
            _strips(1, "".join(f"widht{i}: 1\n" for i in range(count))),
            f"map: {{cell: 1, speeds: {{grid: [[{'0, ' * count}]]}}}}\nstart: [0, 0]\ngoal: [1, 1]\n",
            "map:\n  cell: 1\n  speeds:\n    legend: {x: 1}\n    drawing: |\n"
            + "".join(f"      {chr(0x4E00 + i)}\n" for i in range(count))
            + "start: [0, 0]\ngoal: [1, 1]\n",
        ]
    )
    (folder / "s.yaml").write_text(text)
    return ["solve", "s.yaml"], b""


def maps(chance: Chance, folder: Path) -> Try:
    """A map of many cells, goals or levels."""
    rows, cols = (chance.choice([1, 3, 12_000, 1_000_000, _size(chance, 1e7)]) for _ in range(2))
    if chance.random() < 0.4:
        goals = ", ".join(["[1.5, 0.5]"] * _size(chance, 1e4))
        text = f"map: {{cell: 1, speeds: {{grid: [[1, 2], [1, 1]]}}}}\nstart: [0.5, 0.5]\ngoal: [{goals}]\n"
    else:
        text = _map(rows, cols, folder, chance)
    (folder / "s.yaml").write_text(text)
    more = ["--isochrones", f"0:40:{2 + _size(chance, 1e7)}"] if chance.random() < 0.4 else []
    return ["solve", "s.yaml", *more], b""


def ranges(chance: Chance, folder: Path) -> Try:
    """A sweep over many values."""
    (folder / "s.yaml").write_text(_strips(3))
    names = chance.sample(
        ["offset", "strips.0.width", "strips.1.width", "strips.0.speed", "descent.step"], chance.randint(1, 4)
    )
    varied = [f"--vary={name}=0.1:3:{2 + _size(chance, 1e7)}{chance.choice(['', ':log'])}" for name in names]
    return ["sweep", "s.yaml", *varied, *chance.choice([[], ["--json"], ["--csv"], ["-o", "x.csv"]])], b""


def strips(chance: Chance, folder: Path) -> Try:
    """Many strips, many iterations."""
    (folder / "s.yaml").write_text(_strips(_size(chance, 2e4)))
    more = ["--tolerance", "0", "--iterations", f"{_size(chance, 1e9)}"]
    command = chance.choice(["solve", "solve", "graph", "report", "plot", "animate"])
    ending = {"report": "r.html", "plot": "p.svg", "animate": "a.gif"}.get(command)
    if command == "graph":
        more = ["--all", *chance.choice([[], ["--json"], ["-o", "t.svg"], ["-g"]])]
    elif command == "solve":
        more += ["--every", f"{_size(chance, 1e3)}", *chance.choice([[], ["--json"], ["--csv"]])]
    return [command, "s.yaml", *more, *(["-o", ending] if ending else [])], b""


def expressions(chance: Chance, _: Path) -> Try:
    """A long or a deep expression."""
    piece = chance.choice(
        ["(", "x**", "9**", "-", "x+", "x*", "sqrt(", "1e999+", "x if x else ", "[", "y.", "lambda: "]
    )
    return ["graph", "--expr", piece * _size(chance, 2e4) + "x", "--at", "x=1" + ",y=2" * _size(chance, 1e3)], b""


def cases(chance: Chance, _: Path) -> Try:
    """A batch with long lines, or many that are invalid."""
    count = _size(chance, 3e5)
    data = chance.choice(
        [
            f'{{"widths": [{"1," * count}1], "speeds": [{"1," * count}1], "offset": 1}}',
            '{"id": ' + "[" * count,
            '{"id": ' + "1" * count + ', "widths": [1], "speeds": [1], "offset": 1}',
            "\n" * count + "{",
            "{}\n" * count,
            '{"' + HOSTILE * count + '": 1}\n',
            "widths,speeds,offset\n" + "1 " * count + ",1,1\n",
            '"' * count,
        ]
    )
    return ["batch", "-", *chance.choice([[], ["--csv"]])], data.encode(errors="surrogatepass")


KINDS: list[Callable[[Chance, Path], Try]] = [numbers, problems, maps, ranges, strips, expressions, cases]


def run(arguments: list[str], stdin: bytes, folder: Path, longest: float = LONGEST[0]) -> str | None:
    """What is wrong with a run; None if nothing is. longest: s of processor time from its first progress to Ctrl-C."""
    (folder / "stdin").write_bytes(stdin)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _be_terrain(arguments, folder, writer)
    os.close(writer)
    began, first, heard, said, interrupted = time.monotonic(), 0.0, 0.0, b"", 0.0
    ended, again = 0, False
    while not ended:
        if select.select([reader], [], [], 0.05)[0]:
            if text := os.read(reader, 2**16):
                said, heard = (said + text)[-4000:], _work(pid)
                first = first or heard
            else:
                time.sleep(0.01)
        ended, status = os.waitpid(pid, os.WNOHANG)
        now = _work(pid)
        if interrupted and not again and time.monotonic() - interrupted > AGAIN:
            again = True
            os.kill(pid, signal.SIGINT)
        if interrupted and time.monotonic() - interrupted > PATIENCE:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reader)
            return f"deaf to Ctrl-C for {PATIENCE:g} s"
        if not interrupted and (
            now - heard > SILENT or (first and now - first > longest) or time.monotonic() - began > FOREVER
        ):
            silent = now - heard > SILENT
            os.kill(pid, signal.SIGINT)
            interrupted = time.monotonic()
    while text := os.read(reader, 2**16):
        said = (said + text)[-4000:]
    os.close(reader)
    code = os.waitstatus_to_exitcode(status)
    if b"Traceback" in said or code not in CODES:
        return f"exit code {code}: {said.decode(errors='replace')[-600:]}"
    if interrupted and silent and code == 130:
        return f"no progress for {SILENT:g} s"
    shown = said.decode(errors="replace")
    if any(letter in shown for letter in HOSTILE):
        return f"raw text on stderr: {shown[-300:]!r}"
    if code == 2 and len(said) > 3000 + 1000 * 21:
        return f"a refusal of {len(said)} bytes"
    return None


def _work(pid: int) -> float:
    """The seconds of processor time that a process has taken; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _be_terrain(arguments: list[str], folder: Path, stderr: int) -> None:
    """Become a run of `terrain`, which reports its progress as on a terminal."""
    code = 1
    try:
        atexit._clear()  # what the fuzzer does at its end
        os.chdir(folder)
        os.dup2(os.open("stdin", os.O_RDONLY), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(stderr, 2)
        sys.stdin, sys.stdout, sys.stderr = (open(i, mode) for i, mode in enumerate("rww"))  # noqa: SIM115, PTH123
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        terrain_cli.show.console.is_terminal = lambda: True
        setattr(terrain_cli.show.console.Progress, "_draw", lambda _, text: print(text, file=sys.stderr, flush=True))  # noqa: B010
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupts.listen()
        try:
            cli.main(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        interrupts.finish(code, reported=True)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def main(tries: int, seed: int = 0) -> int:
    """Make so many tries. Returns the number of those with a fault, which are printed."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for library in ("jax.numpy", "numba", "scipy.sparse.csgraph", "scipy.linalg.lapack"):
        importlib.import_module(library)
    for kind in kinds.KINDS.values():
        _ = kind.scenario
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads must not be forked"
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        for i in range(tries):
            folder = Path(name) / "try"
            folder.mkdir()
            chance = Chance(seed * 1_000_003 + i)
            kind_of_try = KINDS[i % len(KINDS)]
            arguments, stdin = kind_of_try(chance, folder)
            began = time.monotonic()
            fault = run(arguments, stdin, folder, chance.choice(LONGEST))
            if fault:
                bad += 1
            if fault or os.environ.get("TERRAIN_FUZZ_SHOW"):
                shown = " ".join(argument[:80] for argument in arguments)
                print(
                    f"try {i} ({kind_of_try.__name__}): terrain {shown}: {fault} ({time.monotonic() - began:.1f} s)",
                    flush=True,
                )
            shutil.rmtree(folder)
    print(f"{tries} tries, {bad} with a fault")
    return bad


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
