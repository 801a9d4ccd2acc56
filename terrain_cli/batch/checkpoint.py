"""A file of results that grows by whole chunks, and a checkpoint beside it that records how much of the file is complete.

Nothing is created or replaced before the first chunk is there. It is written beside the file and takes its place; every other
chunk is appended and synced to disk before the checkpoint counts it, and the checkpoint is replaced atomically. So wherever the
program stops, the checkpoint describes a complete beginning of the file, and a resumed run cuts off whatever lies beyond.

The checkpoint only saves work. Without it, as beside finished results, a resumed run computes every chunk again and compares it
with the file: what agrees stays, and what is missing is appended.
"""

import json
import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

from terrain_cli.errors import InputError
from terrain_cli.files import check_output, open_input, read_whole, refuse_input, written

ANEW = "use --overwrite to start anew"
REPAIR = "once that is fixed, use --resume to continue where it stopped"
PIECE = 2**22  # bytes of results read at a time


class Results:
    """A growing file of results and its checkpoint.

    about: what the results depend on; only a run with the same can be resumed. state: the progress so far, a few numbers, and
    as `written` the size of the results in bytes. added: whether this run has added to the file.
    """

    def __init__(
        self, path: Path, about: dict[str, Any], state: dict[str, int], *, resume: bool, overwrite: bool
    ) -> None:
        """Raises InputError if there are unfinished results that nobody asked to replace, or that this run cannot continue."""
        self.path, self.about = path, about
        self.checkpoint = path.with_name(path.name + ".checkpoint")
        check_output(self.checkpoint, (".checkpoint",))
        for file in (path, self.checkpoint):
            refuse_input(file)
        other = "rename it, or choose another --output"  # nobody has named this file
        if self.checkpoint.is_symlink():
            raise InputError(f"{self.checkpoint}: is a link, where a checkpoint would be written: {other}")
        self.state = {**state, "written": 0}
        self.digest = sha256()
        self.file: int | None = None  # the file to append to; none if the first chunk makes a new one
        self.added = False
        self.replaces = path.exists()
        if not self.replaces and self.checkpoint.exists() and not self._read_checkpoint()[2]:
            raise InputError(f"{self.checkpoint}: is not a checkpoint, and would be replaced: {other}")
        if self.replaces and resume:
            self._resume()
        elif self.replaces and self.checkpoint.exists() and not overwrite:
            raise InputError(
                f"{path}: holds results of an interrupted run; use --resume to continue it, or --overwrite to start anew"
            )

    def _resume(self) -> None:
        """Continue after the results that the checkpoint describes, or compare from the beginning if it does not fit the file.

        Raises InputError if the file was started with other cases or options.
        """
        about, state, digest = self._read_checkpoint()
        try:
            self.file = self._open()
            left = state["written"]
            while left and (piece := self._read(left)):
                self.digest.update(piece)
                left -= len(piece)
            if left or self.digest.hexdigest() != digest:
                self.digest = sha256()
                os.lseek(self.file, 0, os.SEEK_SET)
                return
            for key in [*self.about, *about]:
                was, now = about.get(key), self.about.get(key)
                if was != now:
                    changed = "other cases" if key == "cases" else f"{key} {json.dumps(was)}, not {json.dumps(now)}"
                    raise InputError(f"{self.path}: was started with {changed}; --resume needs the same, or {ANEW}")
            os.ftruncate(self.file, state["written"])
            self.state = state
        except OSError as problem:
            raise self._cannot(problem) from None

    def _read_checkpoint(self) -> tuple[dict[str, Any], dict[str, int], str]:
        """What the checkpoint says: about, state and digest; of nothing, without a digest, if it is missing or damaged."""
        try:
            with open_input(self.checkpoint, ANEW, keep=False) as file:
                known = json.loads(read_whole(file, str(self.checkpoint)))
            about, digest = dict(known["about"]), str(known["digest"])
            state = {key: int(known["state"][key]) for key in self.state}
            if min(state.values()) >= 0:
                return about, state, digest
        except FileNotFoundError:
            pass
        except OSError as problem:
            raise InputError(f"{self.checkpoint}: cannot be read: {problem.strerror or problem}") from None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass
        return {}, self.state, ""

    def append(self, data: bytes, **state: int) -> None:
        """Append a chunk, then save the state in the checkpoint. Raises InputError; the earlier chunks stay valid.

        What the file holds already must agree with the chunk.
        """
        state["written"] = self.state["written"] + len(data)
        self.digest.update(data)
        missing = self._compare(data)
        if missing or self.file is None:
            self._add(missing)
            self._save(state)
        self.state = state

    def _add(self, data: bytes) -> None:
        """Write this at the end of the file, which is first created if it is not open."""
        try:
            if self.file is None:
                with written(self.path) as file:
                    file.write(data)
                    made = os.fstat(file.fileno())
                self.file = self._open()
                if not os.path.samestat(made, os.fstat(self.file)):
                    raise InputError(f"{self.path}: was replaced by another file meanwhile")
                os.lseek(self.file, 0, os.SEEK_END)
            else:
                left = memoryview(data)
                while left:
                    left = left[os.write(self.file, left) :]
                os.fsync(self.file)
            self.added = True
        except InputError as problem:
            raise InputError(f"{problem}{self._remedy()}") from None
        except OSError as problem:
            raise self._cannot(problem) from None

    def _compare(self, data: bytes) -> bytes:
        """The end of the chunk that the file lacks. Raises InputError if the file holds something else."""
        while data and (found := self._read(len(data))):
            if not data.startswith(found):
                raise InputError(f"{self.path}: holds results of other cases, options or versions; {ANEW}")
            data = data[len(found) :]
        return data

    def _open(self) -> int:
        flags = ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY")  # a pipe that has taken its place is refused, not waited for
        number = os.open(self.path, os.O_RDWR | sum(getattr(os, flag, 0) for flag in flags))
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise InputError(f"{self.path}: cannot be written: it is a pipe or a device, not a regular file")
        return number

    def _read(self, size: int) -> bytes:
        """Up to `size` bytes from the file, from where it was last read or written; none at its end."""
        try:
            return b"" if self.file is None else os.read(self.file, min(size, PIECE))
        except OSError as problem:
            raise InputError(f"{self.path}: cannot be read: {problem.strerror or problem}") from None

    def _save(self, state: dict[str, int]) -> None:
        text = json.dumps({"about": self.about, "state": state, "digest": self.digest.hexdigest()}, indent=1)
        try:
            with written(self.checkpoint) as file:
                file.write(text.encode())
        except InputError as problem:
            raise InputError(f"{problem}; {REPAIR}") from None

    def finish(self) -> None:
        """Close the complete file and remove its checkpoint. Raises InputError if the file holds more."""
        if self.file is None:
            self._add(b"")
        assert self.file is not None
        if self._read(1):
            raise InputError(f"{self.path}: holds more results than these cases have; {ANEW}")
        os.close(self.file)
        self.checkpoint.unlink(missing_ok=True)

    def _cannot(self, problem: OSError) -> InputError:
        return InputError(f"{self.path}: cannot be written: {problem.strerror or problem}{self._remedy()}")

    def _remedy(self) -> str:
        if self.file is not None:
            return f"; {REPAIR}"
        return "; what it held is unchanged" if self.replaces else ""
