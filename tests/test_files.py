"""Files are written whole or not at all, whatever stands at their name and however the writing ends."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli.errors import InputError
from terrain_cli.files import PIECE, check_output, json_pieces, plain, refuse_input, write, written

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links, pipes and signals of POSIX")

# `terrain` with one command, which writes rows to the file that is named, and says so on stdout once it is amid them.
DRIVER = """
import sys
from pathlib import Path
from terrain_cli import cli
from terrain_cli.__main__ import main
from terrain_cli.files import write

def rows():
    for i in range(10**7):
        if i == 10**5:
            print("writing", flush=True)
        yield [i, i, i]

cli.app = lambda *_, **__: write(Path(sys.argv[1]), rows())
main()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


class TestFormats:
    def test_json(self, tmp_path: Path) -> None:
        path = tmp_path / "x.json"
        write(path, {"名": np.array([1.0, np.inf]), "b": (1, None)})
        assert path.read_bytes() == '{"名": [1.0, null], "b": [1, null]}\n'.encode()
        write(path, {"a": [1]}, indent=1)
        assert path.read_text() == '{\n "a": [\n  1\n ]\n}\n'

    @pytest.mark.parametrize("ascii_only", [True, False])
    def test_json_in_pieces(self, ascii_only: bool) -> None:
        rows = [[float(i), "é", {}] for i in range(2 * PIECE + 1)]
        for value in ({"route": rows, "é": {"names": [], "rows": rows[:PIECE]}, 1: None}, rows, [], {}, 0.1):
            pieces = list(json_pieces(value, ensure_ascii=ascii_only))
            assert "".join(pieces) == json.dumps(value, ensure_ascii=ascii_only)
            assert max(map(len, pieces)) < 30 * PIECE

    def test_a_name_that_is_not_utf8(self, tmp_path: Path) -> None:
        for path in (tmp_path / "x.geojson", tmp_path / "x.JSON"):
            write(path, {"file": os.fsdecode(b"\xff.yaml") if os.name == "posix" else "\udcff.yaml"})
            assert json.loads(path.read_text(encoding="utf-8")) == {"file": "\udcff.yaml"}

    def test_csv(self, tmp_path: Path) -> None:
        write(tmp_path / "x.csv", (row for row in [["x", "山, y"], [0.1, np.float64(2.5)]]))
        assert (tmp_path / "x.csv").read_bytes() == 'x,"山, y"\n0.1,2.5\n'.encode()

    def test_npy(self, tmp_path: Path) -> None:
        array = np.array([[1, np.nan], [np.inf, 2]])
        write(tmp_path / "x.npy", array)
        np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), array)

    def test_text(self, tmp_path: Path) -> None:
        write(tmp_path / "x.svg", "<svg>\n山</svg>\n")
        assert (tmp_path / "x.svg").read_bytes() == "<svg>\n山</svg>\n".encode()

    def test_plain(self) -> None:
        import jax.numpy as jnp

        values = {"a": (1, np.float64(np.nan), [np.int64(3)]), "b": np.bool_(True), "c": jnp.ones(2), "d": "-inf"}
        found = plain(values)
        assert found == {"a": [1, None, [3]], "b": True, "c": [1.0, 1.0], "d": "-inf"}
        assert type(found["a"][2][0]) is int


@posix
class TestAccess:
    @pytest.mark.parametrize("kept", [0o600, 0o644, 0o755, 0o440])
    def test_the_mode_of_a_replaced_file_is_kept(self, tmp_path: Path, kept: int) -> None:
        path = tmp_path / "x.csv"
        path.write_text("before")
        path.chmod(kept)
        with written(path) as file:
            assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077 == 0  # nobody sees it before it has its mode
            file.write(b"after")
        assert (path.read_text(), mode(path)) == ("after", kept)

    @pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
    def test_a_new_file_has_the_mode_of_the_umask(self, tmp_path: Path, mask: int, expected: int) -> None:
        before = os.umask(mask)
        try:
            write(tmp_path / "x.json", 1)
        finally:
            os.umask(before)
        assert mode(tmp_path / "x.json") == expected

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
    def test_the_owner_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_text("before")
        os.chown(path, 12345, 54321)
        path.chmod(0o640)
        write(path, [[1]])
        status = path.stat()
        assert (status.st_uid, status.st_gid, mode(path)) == (12345, 54321, 0o640)


@posix
class TestLinks:
    def test_the_link_stays_and_its_target_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "far").mkdir()
        target, middle, link = tmp_path / "far" / "target.csv", tmp_path / "middle.csv", tmp_path / "x.csv"
        target.write_text("before")
        target.chmod(0o600)
        middle.symlink_to("far/target.csv")
        link.symlink_to("middle.csv")
        with written(link) as file:
            assert len(names(target.parent)) == 2
            file.write(b"after")
        assert link.is_symlink()
        assert middle.is_symlink()
        assert (target.read_text(), mode(target)) == ("after", 0o600)
        assert names(target.parent) == ["target.csv"]

    def test_a_link_that_leads_nowhere_yet(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").symlink_to("new.csv")
        write(tmp_path / "x.csv", [[1]])
        assert (tmp_path / "x.csv").is_symlink()
        assert (tmp_path / "new.csv").read_text() == "1\n"

    @pytest.mark.parametrize("target", ["nowhere/x.csv", "x.csv"])
    def test_a_link_into_no_folder_or_to_itself(self, tmp_path: Path, target: str) -> None:
        path = tmp_path / "x.csv"
        path.symlink_to(target)
        with pytest.raises(InputError, match=r"x\.csv: cannot be written: (No such file|Too many levels)"):
            write(path, [[1]])
        assert names(tmp_path) == ["x.csv"]
        assert path.is_symlink()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a link away")
    def test_a_link_that_another_user_has_put_into_a_shared_folder(self, tmp_path: Path) -> None:
        """As in /tmp, whatever the system's own protection does. `cannot be written: Permission denied` is that of Linux."""
        shared, victim = tmp_path / "shared", tmp_path / "victim.csv"
        shared.mkdir()
        victim.write_text("precious")
        for name, target in (("x.csv", "../victim.csv"), ("y.csv", "x.csv"), ("new.csv", "../new.csv")):
            (shared / name).symlink_to(target)
        os.chown(shared / "x.csv", 12345, 12345, follow_symlinks=False)
        os.chown(shared / "new.csv", 12345, 12345, follow_symlinks=False)
        for mode in (0o1777, 0o777):
            shared.chmod(mode)
            for name in ("x.csv", "y.csv", "new.csv"):
                for refused in (lambda path: write(path, [[1]]), lambda path: check_output(path, (".csv",))):
                    with pytest.raises(InputError) as error:
                        refused(shared / name)
                    problem = "it is a link of another user in a folder where anyone can write"
                    assert str(error.value) == f"{shared / name}: cannot be written: {problem}"
        assert (victim.read_text(), names(tmp_path)) == ("precious", ["shared", "victim.csv"])
        shared.chmod(0o755)
        write(shared / "y.csv", [[1]])
        assert victim.read_text() == "1\n"

    def test_what_takes_the_place_of_the_temporary_file_is_not_written_to(self, tmp_path: Path) -> None:
        folder, victim = tmp_path / "folder", tmp_path / "victim"
        folder.mkdir()
        victim.write_text("precious")
        with written(folder / "x.csv") as file:
            [beside] = folder.iterdir()
            beside.unlink()
            beside.symlink_to(victim)
            file.write(b"x" * 100_000)
        assert victim.read_text() == "precious"


class TestWhatIsNoFile:
    def test_a_folder(self, tmp_path: Path) -> None:
        for refused in (lambda: write(tmp_path, "x"), lambda: check_output(tmp_path, ("",))):
            with pytest.raises(InputError, match=r"cannot be written: it is a folder"):
                refused()

    @posix
    def test_a_pipe_is_refused_at_once(self, tmp_path: Path) -> None:
        pipe, link = tmp_path / "pipe.csv", tmp_path / "x.csv"
        os.mkfifo(pipe)
        link.symlink_to(pipe)
        for path in (pipe, link):
            for refused in (lambda path=path: write(path, [[1]]), lambda path=path: check_output(path, (".csv",))):
                with pytest.raises(InputError) as error:
                    refused()
                assert str(error.value) == f"{path}: cannot be written: it is a pipe or a device, not a regular file"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert names(tmp_path) == ["pipe.csv", "x.csv"]

    @posix
    def test_an_unwritable_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o555)
        if os.access(folder, os.W_OK):  # for root, all folders are writable except those of the kernel
            folder = Path("/proc")
        with pytest.raises(InputError, match=rf"^{folder}/x\.json: cannot be written: [A-Z]"):
            write(folder / "x.json", 1)

    def test_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for folder in ("no", "file"):
            path = tmp_path / folder / "x.csv"
            with pytest.raises(InputError, match=r"cannot be written: there is no folder"):
                check_output(path, (".csv",))
            with pytest.raises(InputError, match=r"x\.csv: cannot be written: No"):
                write(path, [])


class TestInputs:
    def test_an_output_that_is_an_input(self, tmp_path: Path) -> None:
        given, other, missing = tmp_path / "in.csv", tmp_path / "other.csv", tmp_path / "missing.csv"
        given.touch()
        other.touch()
        hard = tmp_path / "hard.csv"
        hard.hardlink_to(given)
        same = [given, tmp_path / "." / ".." / tmp_path.name / "in.csv", hard]
        if os.name == "posix":
            soft = tmp_path / "soft.csv"
            soft.symlink_to("in.csv")
            same.append(soft)
        for output in same:
            with pytest.raises(InputError) as error:
                refuse_input(output, [missing, "-", other, str(given)], "--csv")
            assert str(error.value) == f"--csv: {output} is an input file; name another file"
        refuse_input(other, [given, missing, "-"])
        refuse_input(missing, [given, missing])


class TestNeighbours:
    def test_no_other_file_is_touched(self, tmp_path: Path) -> None:
        others = [tmp_path / f"x.csv{ending}" for ending in (".part", ".tmp", "~", ".bak", ".checkpoint")]
        for other in others:
            other.write_text("mine")
        write(tmp_path / "x.csv", [[1]])
        with pytest.raises(ZeroDivisionError):
            write(tmp_path / "x.csv", ([1 / i] for i in (1, 0)))
        assert [other.read_text() for other in others] == ["mine"] * 5
        assert names(tmp_path) == sorted(["x.csv", *(other.name for other in others)])

    def test_no_folder_scan_takes_the_temporary_file_for_one_of_its_own(self, tmp_path: Path) -> None:
        with written(tmp_path / "x.yaml"):
            [beside] = tmp_path.iterdir()
            assert beside.suffix == ".tmp"

    def test_a_file_that_must_be_new(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        with pytest.raises(ZeroDivisionError), written(path, overwrite=False):
            raise ZeroDivisionError
        assert names(tmp_path) == []
        with written(path, overwrite=False) as file:
            file.write(b"first")
        with pytest.raises(InputError) as error, written(path, overwrite=False):
            pytest.fail("was begun")
        assert str(error.value) == f"{path}: already exists; choose another name"
        assert path.read_text() == "first"
        assert names(tmp_path) == ["x.csv"]

    def test_several_writers_at_once(self, tmp_path: Path) -> None:
        path, failures = tmp_path / "x.json", []
        texts = [[letter * 100_000] for letter in "abcd"]
        start = threading.Barrier(len(texts))

        def work(text: list[str]) -> None:
            start.wait()
            try:
                for _ in range(10):
                    write(path, text)
                    assert json.loads(path.read_text()) in texts
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert names(tmp_path) == ["x.json"]


class TestStopped:
    """The old file is intact, and nothing else is left."""

    @pytest.fixture
    def old(self, tmp_path: Path) -> Iterator[Path]:
        path = tmp_path / "x.csv"
        path.write_text("before")
        yield path
        assert path.read_text() == "before"
        assert names(tmp_path) == ["x.csv"]

    @pytest.mark.parametrize("problem", [KeyboardInterrupt(), SystemExit(3), ValueError("x")])
    def test_by_an_exception(self, old: Path, problem: BaseException) -> None:
        def rows() -> Iterator[list[int]]:
            yield from ([i] for i in range(10_000))
            raise problem

        with pytest.raises(type(problem)) as raised:
            write(old, rows())
        assert raised.value is problem

    def test_by_a_reader_that_goes_away(self, old: Path) -> None:
        def points() -> Iterator[int]:
            with written(old) as file:
                file.write(b"half")
                yield 1

        iterator = points()
        next(iterator)
        del iterator

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_by_the_disk(self, old: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, call, full)
        with pytest.raises(InputError) as error:
            write(old, [[1]])
        assert str(error.value) == f"{old}: cannot be written: No space left on device"

    @posix
    def test_by_a_full_disk(self, old: Path) -> None:
        """A limit on the size of files stands for the full disk."""
        command = f"ulimit -f 64; '{sys.executable}' -c '{DRIVER}' '{old}'"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (2, f"{old}: cannot be written: File too large\n")

    @posix
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_by_a_signal(self, old: Path, number: signal.Signals) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(old)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == "writing\n"
            assert len(names(old.parent)) == 2
            process.send_signal(number)
            assert (process.wait(), process.stderr.read()) == (130, "interrupted\n")
