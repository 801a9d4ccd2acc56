"""Files of strangers: what is read, what may be overwritten, and that nothing waits without a word."""

import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import MAP, READERS
from tests.conftest import CONFIGS, Ran

Terrain = Callable[..., Ran]
THREE = CONFIGS / "three_strips.yaml"
CASE = b'{"widths": [1, 2], "speeds": [1, 3], "offset": 1}\n'
PIPE = "is a pipe or a device, not a regular file: "
pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices of POSIX")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(THREE, "s.yaml")
    return tmp_path


class Endless(io.RawIOBase):
    def __init__(self, text: bytes) -> None:
        self.text = text

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = self.text * len(buffer)
        return len(buffer)


class TestReading:
    @pytest.mark.parametrize("command", READERS, ids=lambda command: command[0])
    def test_pipes_and_devices_are_refused_at_once(self, terrain: Terrain, here: Path, command: tuple[str]) -> None:
        os.mkfifo("pipe.yaml")
        Path("endless.yaml").symlink_to("/dev/zero")
        for name in ("pipe.yaml", "endless.yaml"):
            ran = terrain(command[0], name, *command[1:])
            assert (ran.code, ran.out) == (
                2,
                "" if command[0] != "check" else f"{name}: refused\n1 checked: 1 refused\n",
            )
            assert ran.err == f"{name}: {PIPE}give it as standard input, with -\n"
        assert sorted(file.name for file in here.iterdir()) == ["endless.yaml", "pipe.yaml", "s.yaml"]

    @pytest.mark.parametrize("command", ["solve", "check", "batch"])
    def test_those_in_a_folder_are_refused_and_the_others_read(self, terrain: Terrain, command: str) -> None:
        Path("f").mkdir()
        shutil.copy(THREE, "f")
        Path("f/endless.yaml").symlink_to("/dev/zero")
        ran = terrain(command, "f")
        assert [line for line in ran.err.splitlines() if PIPE in line] == [
            f"f/endless.yaml: {PIPE}give it as standard input, with -"
        ]
        assert ran.code == (1 if command == "batch" else 2)
        assert "three_strips" in ran.out or "81.9" in ran.out

    @pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
    def test_the_file_of_a_map(self, terrain: Terrain, target: str) -> None:
        os.mkfifo("pipe")
        Path("m.yaml").write_text(MAP)
        Path("v.npy").symlink_to(target)
        ran = terrain("solve", "m.yaml")
        assert (ran.code, ran.err) == (2, f"m.yaml:1: map.speeds.file: v.npy: {PIPE}save it to a .npy file\n")

    @pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
    def test_a_record(self, terrain: Terrain, target: str) -> None:
        os.mkfifo("pipe")
        Path("s.expected.json").symlink_to(target)
        ran = terrain("check", "s.yaml", "--update")
        assert ran.code == 2
        assert f"s.expected.json: {PIPE}delete it and record again" in ran.err

    @pytest.mark.parametrize("name", ["s.yaml", "s.expected.json", "v.npy"])
    def test_a_socket(self, terrain: Terrain, name: str) -> None:
        Path("m.yaml").write_text(MAP)
        Path(name).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name)
            ran = terrain("check", "m.yaml" if name == "v.npy" else "s.yaml")
        assert ran.code == 2
        assert f"{name}{' ' if name == 'v.npy' else ': '}cannot be read: No such device or address" in ran.err

    @pytest.mark.parametrize("command", ["solve", "batch"])
    def test_the_pipe_of_a_shell(self, terrain: Terrain, command: str) -> None:
        """`<(...)` of a shell names such a file."""
        reader, writer = os.pipe()
        try:
            ran = terrain(command, f"/dev/fd/{reader}")
        finally:
            os.close(reader)
            os.close(writer)
        assert (ran.code, ran.err) == (2, f"/dev/fd/{reader}: {PIPE}give it as standard input, with -\n")

    @pytest.mark.parametrize("name", ["s.yaml", "s.expected.json"])
    def test_a_text_that_is_too_large(self, terrain: Terrain, name: str) -> None:
        with Path(name).open("r+b" if name == "s.yaml" else "wb") as file:
            file.truncate(2**40)  # no more than its first bytes are on the disk
        for command in ("check",) if "json" in name else ("solve", "check", "graph"):
            ran = terrain(command, "s.yaml")
            assert ran.code == 2
            assert f"{name}: is larger than 64 MiB, the most that is read of a text: " in ran.err

    def test_standard_input_that_never_ends(self, terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
        def endless(text: bytes) -> None:
            raw: Any = Endless(text)
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))

        for text in (b"0", b"\n"):
            endless(text)
            ran = terrain("batch", "-")
            assert (ran.code, ran.err.startswith("<stdin>:1: is longer than 64 MiB: ")) == (2, True)
        endless(b"0")
        ran = terrain("solve", "-")
        assert (ran.code, ran.err.startswith("<stdin>: is larger than 64 MiB")) == (2, True)

    def test_a_line_that_is_too_long(self, terrain: Terrain) -> None:
        with Path("c.jsonl").open("wb") as file:
            file.write(CASE * 3)
            file.truncate(2**40)
        for arguments, problem in (
            (("c.jsonl",), "c.jsonl:4: is longer than 64 MiB: "),
            (("c.jsonl", "-o", "r.jsonl"), "c.jsonl: has a line that is longer than 64 MiB: "),
        ):
            ran = terrain("batch", *arguments)
            assert (ran.code, ran.err[: len(problem)]) == (2, problem)


class TestOutputs:
    """An output never takes the place of an input, however it is named."""

    def same(self, source: str, name: str) -> list[str]:
        """Other names for a file, which end as `name`."""
        Path(f"soft{name}").symlink_to(source)
        Path(f"soft2{name}").symlink_to(f"soft{name}")
        Path(f"hard{name}").hardlink_to(source)
        return [f"soft{name}", f"soft2{name}", f"hard{name}", f"./hard{name}"]

    @pytest.mark.parametrize(
        ("ending", "command", "option"),
        [
            (".svg", ("graph", "s.yaml"), "-o"),
            (".csv", ("sweep", "s.yaml", "--step", "1"), "-o"),
            (".png", ("sweep", "s.yaml", "--step", "1"), "-o"),
            (".png", ("plot", "s.yaml"), "-o"),
            (".gif", ("animate", "s.yaml"), "-o"),
            (".html", ("report", "s.yaml"), "-o"),
            (".json", ("solve", "s.yaml"), "-o"),
            (".json", ("solve", "m.yaml", "s.yaml"), "-o"),
            (".xml", ("check", "s.yaml"), "--junit"),
            (".xml", ("check", "."), "--junit"),
            (".npy", ("solve", "m.yaml"), "--field"),
            (".geojson", ("solve", "m.yaml", "--isochrones", "1"), "--isochrones-output"),
            (".png", ("plot", "m.yaml"), "-o"),
            (".csv", ("sweep", "m.yaml", "--vary", "goal.0=1"), "-o"),
            (".xml", ("check", "m.yaml"), "--junit"),
        ],
    )
    def test_an_input_by_any_name(self, terrain: Terrain, ending: str, command: tuple[str, ...], option: str) -> None:
        Path("m.yaml").write_text(MAP)
        np.save("v.npy", np.ones((2, 4)))
        source = Path("v.npy" if "m.yaml" in command else "s.yaml")
        before = source.read_bytes()
        long = "--output" if option == "-o" else option
        for output in self.same(source.name, ending):
            ran = terrain(*command, option, output)
            assert ran.code == 2
            assert ran.err == f"{long}: {Path(output)} is an input file; name another file\n" or (
                command[0] == "check" and f"{Path(output)}: cannot be written: it is an input file\n" in ran.err
            )
        assert source.read_bytes() == before
        assert not list(Path().glob(".terrain-*"))

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (("-", "-o", "c.jsonl"), "--output: c.jsonl is an input file; name another file\n"),
            (("-",), "the output is the input file; name another file\n"),
            (("c.jsonl",), "the output is the input file; name another file\n"),
        ],
    )
    def test_a_batch_that_would_read_what_it_writes(self, arguments: tuple[str, ...], problem: str) -> None:
        Path("c.jsonl").write_bytes(CASE)
        command = [sys.executable, "-m", "terrain_cli", "batch", *arguments]
        with Path("c.jsonl").open("rb") as cases, Path("c.jsonl").open("ab") as results:
            done = subprocess.run(
                command, stdin=cases, stdout=results, stderr=subprocess.PIPE, text=True, check=False, timeout=60
            )
        assert (done.returncode, done.stderr) == (2, problem)
        assert Path("c.jsonl").read_bytes() == CASE

    def test_a_batch(self, terrain: Terrain) -> None:
        Path("c.jsonl").write_bytes(CASE)
        Path("r.jsonl.checkpoint").symlink_to("c.jsonl")
        ran = terrain("batch", "c.jsonl", "-o", "r.jsonl")
        assert (ran.code, ran.err) == (2, "--output: r.jsonl.checkpoint is an input file; name another file\n")
        Path("f").mkdir()
        shutil.copy(THREE, "f")
        Path("soft.jsonl").symlink_to("f/three_strips.yaml")
        ran = terrain("batch", "f", "-o", "soft.jsonl", "--overwrite")
        assert (ran.code, ran.err) == (2, "--output: soft.jsonl is an input file; name another file\n")
        assert Path("f/three_strips.yaml").read_bytes() == THREE.read_bytes()

    @pytest.mark.parametrize("planted", ["link", "dangling", "file"])
    def test_what_stands_where_a_checkpoint_would_be_written(self, terrain: Terrain, planted: str) -> None:
        """The user has not named that file, and a batch removes it at its end."""
        Path("c.jsonl").write_bytes(CASE)
        Path("victim").write_text("precious")
        checkpoint = Path("r.jsonl.checkpoint")
        if planted == "file":
            checkpoint.write_text("precious")
        else:
            checkpoint.symlink_to("victim" if planted == "link" else "nothing")
        ran = terrain("batch", "c.jsonl", "-o", "r.jsonl")
        what = (
            "is not a checkpoint, and would be replaced"
            if planted == "file"
            else "is a link, where a checkpoint would be written"
        )
        assert (ran.code, ran.err) == (2, f"r.jsonl.checkpoint: {what}: rename it, or choose another --output\n")
        assert Path("victim").read_text() == "precious"
        assert os.path.lexists(checkpoint)
        assert not Path("nothing").exists()
        assert not Path("r.jsonl").exists()

    def test_a_scenario_that_was_refused(self, terrain: Terrain) -> None:
        """Its files were read all the same."""
        Path("m.yaml").write_text(MAP.replace("[3, 1]", "[9, 9]"))
        np.save("v.npy", np.ones((2, 4)))
        Path("x.json").symlink_to("v.npy")
        ran = terrain("solve", "s.yaml", "m.yaml", "-o", "x.json")
        assert (ran.code, ran.err) == (2, "--output: x.json is an input file; name another file\n")

    def test_an_example(self, terrain: Terrain) -> None:
        Path("x.yaml").symlink_to(THREE)
        before = THREE.read_bytes()
        ran = terrain("examples", "three_strips", "-o", "x.yaml")
        assert (ran.code, ran.err) == (2, "--output: x.yaml is an input file; name another file\n")
        assert THREE.read_bytes() == before

    def test_what_another_run_has_read_may_be_written(self, terrain: Terrain) -> None:
        assert terrain("solve", "s.yaml", "-q", "-o", "x.json").code == 0
        Path("s.yaml").rename("x.yaml")
        Path("s.yaml").hardlink_to("x.json")
        assert terrain("solve", "x.yaml", "-q", "-o", "x.json").code == 0

    @pytest.mark.parametrize(
        ("ending", "command"),
        [
            (".svg", ("graph", "s.yaml")),
            (".csv", ("sweep", "s.yaml", "--step", "1")),
            (".json", ("solve", "s.yaml")),
            (".jsonl", ("batch", "c.jsonl")),
            (".yaml", ("examples", "three_strips")),
        ],
    )
    def test_links_are_written_through_and_neighbours_left_alone(
        self, terrain: Terrain, ending: str, command: tuple[str, ...]
    ) -> None:
        Path("c.jsonl").write_bytes(CASE)
        Path("victim").write_text("precious")
        for name in (".part", ".tmp", ".checkpoint.part", ".checkpoint.tmp"):
            Path(f"y{ending}{name}").symlink_to("victim")
        Path("target").write_text("old")
        Path(f"y{ending}").symlink_to("target")
        assert terrain(*command, "-o", f"y{ending}").code == 0
        assert Path(f"y{ending}").is_symlink()
        assert Path("target").read_bytes() not in (b"old", b"")
        assert Path("victim").read_text() == "precious"
        assert not list(Path().glob(".terrain-*"))

    @pytest.mark.parametrize("option", ["--output", "--junit", "--field"])
    def test_a_pipe_or_a_device_is_no_output(self, terrain: Terrain, option: str) -> None:
        ending = {"--output": ".json", "--junit": ".xml", "--field": ".npy"}[option]
        os.mkfifo(f"pipe{ending}")
        Path(f"device{ending}").symlink_to("/dev/null")
        for name in (f"pipe{ending}", f"device{ending}"):
            ran = terrain("check" if option == "--junit" else "solve", "s.yaml", option, name)
            assert ran.code == 2
            assert ran.err == f"{name}: cannot be written: it is a pipe or a device, not a regular file\n"
