"""A file of results that grows by whole chunks, and a checkpoint beside it that records how much of the file is complete.

The checkpoint is created before the file. Each chunk is appended and synced to disk before the checkpoint counts it, and the
checkpoint is replaced atomically. So wherever the program stops, the checkpoint describes a complete beginning of the file, and
a resumed run cuts off whatever lies beyond.
"""

import json
import os
from pathlib import Path
from typing import Any

from terrain_cli.errors import InputError
from terrain_cli.files import written

ANEW = "use --overwrite to start anew"
REPAIR = "once that is fixed, use --resume to continue where it stopped"


class Results:
    """A growing file of results and its checkpoint.

    about: what the results depend on; only a run with the same can be resumed. state: the progress so far, a few numbers, and
    as `written` the size of the file in bytes.
    """

    def __init__(
        self, path: Path, about: dict[str, Any], state: dict[str, int], *, resume: bool, overwrite: bool
    ) -> None:
        """Raises InputError if there are results that must not be replaced, or that this run cannot continue."""
        self.path, self.about = path, about
        self.checkpoint = path.with_name(path.name + ".checkpoint")
        self.state = {**state, "written": 0}
        if resume and (path.exists() or self.checkpoint.exists()):
            self.state = self._resume()
        elif path.exists() and not overwrite:
            hint = (
                "use --resume to continue it, or --overwrite to start anew"
                if self.checkpoint.exists()
                else "use --overwrite to replace it"
            )
            raise InputError(f"{path}: already exists; {hint}")
        else:
            self._save(self.state)
        try:
            self.file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            os.ftruncate(self.file, self.state["written"])
            os.lseek(self.file, 0, os.SEEK_END)
        except OSError as problem:
            raise self._cannot(problem) from None

    def _resume(self) -> dict[str, int]:
        """The state in the checkpoint. Raises InputError if this run cannot continue from it."""
        if not self.checkpoint.exists():
            raise InputError(
                f"{self.path}: has no checkpoint beside it, so it is complete or came from elsewhere; {ANEW}"
            )
        try:
            known = json.loads(self.checkpoint.read_bytes())
            about, state = known["about"], {key: int(value) for key, value in known["state"].items()}
            size = state["written"]
        except OSError as problem:
            raise InputError(f"{self.checkpoint}: cannot be read: {problem.strerror or problem}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{self.checkpoint}: is damaged; {ANEW}") from None
        for key in [*self.about, *about]:
            was, now = about.get(key), self.about.get(key)
            if was != now:
                changed = "other cases" if key == "cases" else f"{key} {json.dumps(was)}, not {json.dumps(now)}"
                raise InputError(f"{self.path}: was started with {changed}; --resume needs the same, or {ANEW}")
        if (self.path.stat().st_size if self.path.exists() else 0) < size:
            raise InputError(f"{self.path}: is shorter than its checkpoint says; {ANEW}")
        return state

    def append(self, data: bytes, **state: int) -> None:
        """Append a chunk, then save the state in the checkpoint. Raises InputError; the earlier chunks stay valid."""
        state["written"] = self.state["written"] + len(data)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self.file, left) :]
            os.fsync(self.file)
        except OSError as problem:
            raise self._cannot(problem) from None
        self._save(state)
        self.state = state

    def _save(self, state: dict[str, int]) -> None:
        text = json.dumps({"about": self.about, "state": state}, indent=1)
        try:
            with written(self.checkpoint) as beside:
                beside.write_text(text, encoding="utf-8")
        except InputError as problem:
            raise InputError(f"{problem}; {REPAIR}") from None

    def finish(self) -> None:
        """Close the complete file and remove its checkpoint."""
        os.close(self.file)
        self.checkpoint.unlink(missing_ok=True)

    def _cannot(self, problem: OSError) -> InputError:
        return InputError(f"{self.path}: cannot be written: {problem.strerror or problem}; {REPAIR}")
