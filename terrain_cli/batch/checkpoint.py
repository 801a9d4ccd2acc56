"""Results that survive: a file that grows by whole chunks, and a checkpoint beside it that says how far it is good.

The checkpoint is there before the file. A chunk is appended and synced to the disk before the checkpoint that counts it, which
is written beside and renamed. Whatever stops the program in between, the checkpoint is true of the file's beginning, and what
lies beyond is cut off on resuming.
"""

import json
import os
from pathlib import Path
from typing import Any

from terrain_cli.errors import InputError


class Results:
    """A file of results that grows, and what its checkpoint holds.

    about: what the results depend on; a run can only be resumed with the same. state: how far it is, a few numbers, and as
    `written` the bytes of the file.
    """

    def __init__(
        self, path: Path, about: dict[str, Any], state: dict[str, int], *, resume: bool, overwrite: bool
    ) -> None:
        """Raises InputError where there are results already, or none that these can follow."""
        self.path, self.about = path, about
        self.checkpoint = path.with_name(path.name + ".checkpoint")
        self.state = {**state, "written": 0}
        try:
            if resume and (path.exists() or self.checkpoint.exists()):
                self.state = self._resume()
            elif path.exists() and not overwrite:
                begun = self.checkpoint.exists()
                hint = "--resume goes on with it, --overwrite starts anew" if begun else "--overwrite replaces it"
                raise InputError(f"{path}: is there already: {hint}")
            else:
                self._save()
            self.file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            os.ftruncate(self.file, self.state["written"])
            os.lseek(self.file, 0, os.SEEK_END)
        except OSError as problem:
            raise self._cannot(problem) from None

    def _resume(self) -> dict[str, int]:
        if not self.checkpoint.exists():
            raise InputError(
                f"{self.path}: has no checkpoint beside it, so it is finished (or not ours): --overwrite starts anew"
            )
        try:
            known = json.loads(self.checkpoint.read_bytes())
            about, state = known["about"], {key: int(value) for key, value in known["state"].items()}
            written = state["written"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{self.checkpoint}: is damaged: --overwrite starts anew") from None
        for key in [*self.about, *about]:
            if about.get(key) != self.about.get(key):
                was, now = about.get(key), self.about.get(key)
                other = f"other {key}" if key == "cases" else f"another {key}, {json.dumps(was)}, now {json.dumps(now)}"
                raise InputError(
                    f"{self.path}: was begun with {other}: --resume needs the same, --overwrite starts anew"
                )
        if not self.path.exists() or self.path.stat().st_size < written:
            raise InputError(f"{self.path}: is shorter than its checkpoint says: --overwrite starts anew")
        return state

    def append(self, data: bytes, **state: int) -> None:
        """Append a chunk, then let the checkpoint say so. Raises InputError; what was there before stays good."""
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self.file, left) :]
            os.fsync(self.file)
            self.state = {**state, "written": self.state["written"] + len(data)}
            self._save()
        except OSError as problem:
            raise self._cannot(problem) from None

    def _save(self) -> None:
        beside = self.checkpoint.with_name(self.checkpoint.name + ".part")
        try:
            with beside.open("w", encoding="utf-8") as file:
                json.dump({"about": self.about, "state": self.state}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.checkpoint)
        finally:
            beside.unlink(missing_ok=True)

    def close(self, finished: bool) -> None:
        """Where all is done no checkpoint stays."""
        os.close(self.file)
        if finished:
            self.checkpoint.unlink(missing_ok=True)

    def _cannot(self, problem: OSError) -> InputError:
        hint = "put that right, then --resume goes on where it stopped"
        return InputError(f"{self.path}: cannot be written: {problem.strerror or problem}: {hint}")
