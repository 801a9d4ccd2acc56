"""Compiled programs kept on disk whole, so that a second run neither traces nor compiles.

JAX's own persistent cache spares the compilation alone; tracing and lowering are done every time, and for programs as small
as these they cost more than all else (docs/decisions/0002-kept-programs.md). The few functions that a command calls at the
top are kept so.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import platform
import re
import stat
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jaxlib.version
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from terrain_cli import jax_config as jax_config  # 64-bit floats

folder_in_use: Path | None = None  # where compiled programs are kept; None: nowhere

OFF = ("", "0", "off", "no", "false")


def cache_folder() -> Path | None:
    """Where compiled programs are kept: TERRAIN_CACHE_DIR, else the user's cache folder; None where it is switched off."""
    named = os.environ.get("TERRAIN_CACHE_DIR")
    if named is not None:
        return None if named.strip().lower() in OFF else Path(named).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "terrain" / "compiled"


def enable_compile_cache() -> None:
    """Keep compiled programs in `cache_folder()`, so that the next run need not compile them.

    A cache that others can write to is code that others can run: the folder is made for its owner alone, and one that
    belongs to someone else or that others can write to is not used. Whatever is wrong with the cache costs a warning,
    never the result.
    """
    global folder_in_use
    folder: Path | str | None = os.environ.get("TERRAIN_CACHE_DIR", "the user's cache folder")
    try:
        folder = cache_folder()
        if folder is None:
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat()
        if os.name == "posix" and (owner.st_uid != os.geteuid() or stat.S_IMODE(owner.st_mode) & 0o022):
            raise PermissionError(f"others can write to it (make it yours alone: chmod 700 {folder})")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as problem:  # RuntimeError: ~nobody has no home
        warnings.warn(f"compiled programs are not kept in {folder}: {problem}", RuntimeWarning, stacklevel=2)
        return
    folder_in_use = folder


MOST = 256  # programs kept; the oldest go
OURS = re.compile(r"\w+-[0-9a-f]{64}")


class cached_jit:  # noqa: N801  used as a decorator, in place of jax.jit
    """`jax.jit` for a function whose compiled form is kept on disk, where `enable_compile_cache()` was called.

    Positional arguments are arrays or pytrees of them, keyword arguments are static. Inside another transformation, or
    where nothing is kept, it is `jax.jit` and nothing else. What cannot be read or written costs a warning, never the result.
    """

    def __init__(self, function: Callable[..., Any], static_argnames: tuple[str, ...] = ()) -> None:
        functools.update_wrapper(self, function)
        self.name = function.__name__
        self.jitted = jax.jit(function, static_argnames=static_argnames)
        self.programs: dict[Any, Callable[..., Any]] = {}
        self.compiling = threading.Lock()

    def __call__(self, *arguments: Any, **static: Any) -> Any:
        leaves, tree = jax.tree.flatten(arguments)
        if folder_in_use is None or any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return self.jitted(*arguments, **static)
        shapes = tuple((a.shape, str(a.dtype), a.weak_type) for a in map(jax.typeof, leaves))
        key = (tree, shapes, tuple(sorted(static.items())))
        with self.compiling:  # threads that need the same program wait for one to make it
            if key not in self.programs:
                self.programs[key], result = self._first(key, arguments, static)
                return result
        return self.programs[key](*arguments)

    def _first(self, key: Any, arguments: tuple[Any, ...], static: dict[str, Any]) -> tuple[Callable[..., Any], Any]:
        """The program for such arguments, from its file or compiled and kept there, and what it gives the first time."""
        assert folder_in_use is not None
        name = hashlib.sha256(repr((self.name, str(key), _circumstances())).encode()).hexdigest()
        file = folder_in_use / f"{self.name}-{name}"
        lowered = None if file.exists() else self.jitted.lower(*arguments, **static)
        try:
            if lowered:
                _write(file, lowered.compile())
            program = _read(file)  # also the one just written: what is kept has run once
            result = program(*arguments)
        except Exception as problem:
            file.unlink(missing_ok=True)
            warnings.warn(f"the compiled program of {self.name} is not kept: {problem}", RuntimeWarning, stacklevel=2)
            program = functools.partial(self.jitted, **static)
            result = program(*arguments)
        return program, result


@functools.cache
def _circumstances() -> str:
    """All that a compiled program depends on beside its arguments: our source, JAX and its settings, the processor."""
    source = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        source.update(module.read_bytes())
    try:
        processor = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("flags", "Features"))
        ][:1]
    except OSError:
        processor = [platform.processor()]
    flags = sorted((key, value) for key, value in os.environ.items() if key.startswith(("XLA_", "JAX_")))
    devices = [(device.platform, device.device_kind) for device in jax.devices()]
    versions = (jax.__version__, jaxlib.version.__version__, platform.python_version(), platform.machine())
    return repr((source.hexdigest(), versions, processor, devices, flags, sorted(jax.config.values.items())))


def _read(file: Path) -> Callable[..., Any]:
    """The program in a file. A checksum tells damage, for damaged code would crash."""
    data = file.read_bytes()
    checksum, content = data[:32], data[32:]
    if hashlib.sha256(content).digest() != checksum:
        raise ValueError(f"{file} was damaged")
    program: Callable[..., Any] = deserialize_and_load(*pickle.loads(content))
    return program


def _write(file: Path, program: Any) -> None:
    """Keep a program, beside first and then renamed, and let the oldest files go."""
    content = pickle.dumps(serialize(program))
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as beside:
        try:
            beside.write(hashlib.sha256(content).digest() + content)
            beside.close()
            Path(beside.name).replace(file)
        except BaseException:
            Path(beside.name).unlink(missing_ok=True)
            raise
    _drop_oldest(file.parent)


def _drop_oldest(folder: Path) -> None:
    """Let the oldest programs go, and nothing that is not ours; another process may do the same at the same time."""
    ages = []
    for file in folder.iterdir():
        if OURS.fullmatch(file.name):
            with contextlib.suppress(OSError):
                ages.append((file.stat().st_mtime, file))
    for _, old in sorted(ages, reverse=True)[MOST:]:
        old.unlink(missing_ok=True)
