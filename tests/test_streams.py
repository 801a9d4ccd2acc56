"""Missing and broken standard streams, narrow terminals, and the settings that the environment has for others."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CONFIGS, Ran, run_process

THREE = CONFIGS / "three_strips.yaml"
posix = pytest.mark.skipif(os.name != "posix", reason="descriptors and shells of POSIX")


def run_shell(command: str, cwd: Path) -> Ran:
    """Run a command line of sh, in which `terrain` is the program."""
    program = f"terrain() {{ '{sys.executable}' -m terrain_cli \"$@\"; }}\n{command}"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, cwd=cwd, timeout=60, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@posix
class TestMissing:
    def test_files_are_written_all_the_same(self, tmp_path: Path) -> None:
        """The null device stands for the missing streams, so that the file is not one of them."""
        ran = run_shell("terrain new x.yaml; terrain new y.yaml <&- >&- 2>&-", tmp_path)
        assert (ran.code, ran.err) == (0, "wrote x.yaml; now run terrain solve x.yaml\n")
        first, second = ((tmp_path / name).read_text() for name in ("x.yaml", "y.yaml"))
        assert first.replace("x.yaml", "y.yaml") == second

    @pytest.mark.parametrize(
        ("command", "code", "error"),
        [
            ("terrain schema >&-", 0, ""),
            ("terrain --help >&-", 0, ""),
            ("terrain solve nowhere.yaml 2>&-", 2, ""),
            ("terrain solve - <&-", 2, "<stdin>:1: is empty"),
        ],
    )
    def test_no_traceback(self, tmp_path: Path, command: str, code: int, error: str) -> None:
        ran = run_shell(command, tmp_path)
        assert (ran.code, ran.out) == (code, "")
        assert ran.err.startswith(error)
        assert "Traceback" not in ran.err


@posix
@pytest.mark.parametrize(
    "arguments", [["--help"], ["solve", "--help"], ["schema"], ["graph", "--expr", "x+1", "--at", "x=1"]]
)
def test_a_pipe_that_nobody_reads_ends_every_command_alike(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "terrain_cli", *arguments], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's full disk")
def test_a_full_disk_behind_stdout(tmp_path: Path) -> None:
    ran = run_shell("terrain schema > /dev/full", tmp_path)
    assert (ran.code, ran.err) == (1, "terrain: the output cannot be written: No space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's full disk")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("solve nowhere.yaml", 2),
        ("solve --wrong", 2),
        ("check nowhere.yaml --json", 2),
        ("new x.yaml", 0),
        ("batch c.jsonl -o r.jsonl", 1),
    ],
)
def test_a_full_disk_behind_stderr_changes_no_exit_code(tmp_path: Path, command: str, code: int) -> None:
    """What is said there is lost, and the files are written."""
    (tmp_path / "c.jsonl").write_text("{}\n")
    ran = run_shell(f"terrain {command} 2> /dev/full", tmp_path)
    assert (ran.code, ran.err) == (code, "")
    written = {"new": ["c.jsonl", "x.yaml"], "batch": ["c.jsonl", "r.jsonl"]}.get(command.split()[0], ["c.jsonl"])
    assert sorted(file.name for file in tmp_path.iterdir()) == written


@posix
@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("solve fifty.yaml --json -o a.json -o b.csv", ["a.json", "b.csv"]),
        ("sweep --step 1:2:3000 --csv -o a.csv -o b.json", ["a.csv", "b.json"]),
        ("check fifty.yaml --json --junit a.xml", ["a.xml"]),
    ],
)
def test_files_are_written_whatever_becomes_of_stdout(tmp_path: Path, command: str, files: list[str]) -> None:
    (tmp_path / "fifty.yaml").write_bytes((CONFIGS / "fifty_strips.yaml").read_bytes())
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "terrain_cli", *command.split()]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, check=False, text=True)
    os.close(writer)
    assert (done.returncode, "cannot be written" in done.stderr) == (141, False)
    assert [name for name in files if (tmp_path / name).stat().st_size] == files
    if "b.json" in files:
        assert len(json.loads((tmp_path / "b.json").read_text())) == 3000


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
def test_json_is_utf8_whatever_the_locale(encoding: str) -> None:
    command = [sys.executable, "-m", "terrain_cli", "graph", "--expr", "x**2", "--at", "x=1", "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    printed = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True).stdout
    assert '"²"'.encode() in printed
    assert printed.endswith(b"}\n")


def test_examples_are_listed_in_utf8_whatever_the_locale() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "terrain_cli", "examples", "--json"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "utf-16"},
        check=True,
    )
    assert json.loads(ran.stdout.decode("utf-8"))["version"] == 1


def test_text_for_people_has_the_encoding_of_the_locale() -> None:
    command = [sys.executable, "-m", "terrain_cli", "graph", "--expr", "x**2", "--at", "x=1"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    printed = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True).stdout
    assert b"\\xb2" in printed


def on_a_terminal(columns: str, *arguments: object, kind: str = "xterm") -> tuple[int, str]:
    """The exit code of `terrain` on a terminal of so many columns, and what it prints there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": columns, "NO_COLOR": "1", "TERM": kind}
    command = [sys.executable, "-m", "terrain_cli", *map(str, arguments)]
    # stderr may have progress, if the machine is slow.
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 4096):
                text += part
        except OSError:  # Linux says so when the program has ended
            pass
    os.close(ours)
    return process.returncode, re.sub("\r|\x1b\\[[0-9;?]*[A-Za-z]", "", text.decode())


@posix
@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_a_narrow_terminal_has_fewer_columns_and_whole_numbers(kind: str) -> None:
    code, text = on_a_terminal("40", "solve", THREE, "--iterations", "3", kind=kind)
    assert code == 0
    lines = text.splitlines()
    assert max(map(len, lines)) <= 40
    assert "        3   … 12.931134      86.962357" in lines
    assert "Stopped after 3 iterations, 6.2 % above" in [line.rstrip() for line in lines]
    assert {"4.198064", "12.931134", "86.962357", "83.938760", "81.911688"} <= set(text.split())


@posix
@pytest.mark.parametrize("columns", ["0", "1", "abc", "-3"])
def test_a_terminal_without_columns(columns: str) -> None:
    code, text = on_a_terminal(columns, "graph", "--expr", "x**2 + y/2", "--at", "x=3,y=4", "-g")
    assert code == 0
    assert "11" in text.split()


def test_tables_for_a_pipe_are_as_wide_as_they_need(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    name = " ".join(["long"] * 30)
    (tmp_path / "x.yaml").write_text(THREE.read_text().replace("three strips", name))
    ran = terrain("solve", tmp_path / "x.yaml", THREE)
    assert any(name in line and "81.916383 s" in line for line in ran.out.splitlines())


SETTINGS = {
    "XLA_FLAGS": "--nonsense",
    "JAX_DEBUG_NANS": "1",
    "JAX_TRANSFER_GUARD": "disallow",
    "JAX_ENABLE_X64": "0",
    "JAX_DISABLE_JIT": "1",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_LOG_COMPILES": "1",
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_CACHE_LOCATOR_CLASSES": "InTreeCacheLocator",
    "PYTHONWARNINGS": "error",
    "MPLBACKEND": "nonsense",
    "TMPDIR": "/no/such/folder",
}


def test_settings_for_others_have_no_effect(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["sweep", THREE, "--step", "0.5:5:4", "--csv", "-o"]
    here = terrain(*arguments, tmp_path / "b.svg")
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nsavefig.dpi: 31\nfont.family: serif\n")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    ran = run_process(*arguments, tmp_path / "a.svg", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, here.out, f"wrote {tmp_path / 'a.svg'}\n")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_settings_of_libraries_in_the_working_folder_are_not_read(tmp_path: Path) -> None:
    """The folder may be a stranger's: there a pipe would be waited for, and numba would write a file that its settings name."""
    (tmp_path / "m.yaml").write_text("map: {cell: 1, speeds: {grid: [[1, 2], [1, 1]]}}\nstart: [0, 0]\ngoal: [2, 2]\n")
    (tmp_path / ".numba_config.yaml").write_text("chrome_trace: trace.json\nopt: nonsense\ndisable_jit: 1\n")
    (tmp_path / "matplotlibrc").write_text("nonsense\n")
    ran = run_process("plot", "m.yaml", "-o", "a.svg", cwd=tmp_path)
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "wrote a.svg")
    assert "nonsense" not in ran.err
    assert not (tmp_path / "trace.json").exists()


def test_help_needs_no_docstrings() -> None:
    assert run_process("solve", "--help", PYTHONOPTIMIZE="2").out == run_process("solve", "--help").out


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    ran = run_process("sweep", "--step", "1,2", "--json", "-o", tmp_path / "x.json", JAX_PLATFORMS="nonsense")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("JAX_PLATFORMS=nonsense: JAX finds no such device here; unset it")
    assert list(tmp_path.iterdir()) == []
