"""Loops that run node by node, such as a heap, compiled to machine code by numba (docs/decisions/0008-compiled-loops.md).

JAX computes travel times and their derivatives. It has no good form for a heap, whose every step depends on the one before.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from terrain_cli import compile_cache

F = TypeVar("F", bound=Callable[..., Any])

# Without the GIL, so that Ctrl-C is heard meanwhile.
_compile: Any = numba.njit(nogil=True, error_model="numpy")
MAX_FOLDERS = 4  # of the loops of different versions; beyond it the oldest are deleted


def helper(function: F) -> F:
    """A function that compiled loops call."""
    compiled: F = _compile(function)
    return compiled


class compiled_loop:  # noqa: N801  used as a decorator
    """A function of arrays and numbers, compiled on its first call, with the machine code cached where our programs are.

    numba's cache unpickles what it finds, so it is used only where nobody but the user can have written. A problem with the cache
    is only a warning.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.compiled = _compile(function)
        self.ready = False
        self.lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        if not self.ready:
            with self.lock:
                if not self.ready:
                    self._prepare()
                    self.ready = True
        return self.compiled(*arguments)

    def _prepare(self) -> None:
        cache = compile_cache.folder_in_use
        if cache is None:
            return
        folder = cache / f"loops-{_digest()}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            _check_own(folder)
            self._enable(folder)
            if compile_cache.watch_compilation and not any(f".{self.__name__}-" in name for name in _files(folder)):
                compile_cache.watch_compilation()
            _delete_oldest(cache)
        except OSError as problem:
            warnings.warn(f"compiled loops are not cached: {problem}", RuntimeWarning, stacklevel=3)

    def _enable(self, folder: Path) -> None:
        """Let numba keep the machine code in a folder. Raises PermissionError if it would use another, which is not checked."""
        settings: Any = numba.config
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            cached = _compile(self.compiled.py_func)
            cached.enable_caching()
        finally:
            settings.CACHE_DIR = before
        if not Path(cached.stats.cache_path).is_relative_to(folder):
            raise PermissionError(f"numba cannot write to {folder}; delete it")
        kept: Any = cached._cache
        save = kept.save_overload

        def save_for_the_user_alone(*program: Any) -> None:
            save(*program)
            for place, _, files in os.walk(folder):
                for path in (Path(place), *(Path(place, name) for name in files)):
                    path.chmod(path.stat().st_mode & 0o700)  # whatever the umask

        kept.save_overload = save_for_the_user_alone
        self.compiled = cached


def _digest() -> str:
    """What the machine code depends on besides numba and the processor, which numba's index names: our source."""
    source = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        source.update(module.read_bytes())
    return source.hexdigest()[:32]


def _files(folder: Path) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names]


def _check_own(folder: Path) -> None:
    """Raises PermissionError unless a folder is the user's alone, and all in it plain files and folders of the user's."""
    if os.name != "posix":
        return
    if folder.lstat().st_mode & 0o077:
        raise PermissionError(f"others can read or write {folder}; delete it")
    for place, folders, files in os.walk(folder, followlinks=False):
        for name in (".", *folders, *files):
            path = Path(place, name)
            status = path.lstat()
            plain = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
            if not plain or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise PermissionError(f"{path} may have been written by others; delete {folder}")


def _delete_oldest(cache: Path) -> None:
    """Delete the loops of the oldest versions."""
    ages = []
    for folder in cache.glob("loops-*"):
        with contextlib.suppress(OSError):
            ages.append((folder.stat().st_mtime, folder))
    for _, old in sorted(ages, reverse=True)[MAX_FOLDERS:]:
        shutil.rmtree(old, ignore_errors=True)
