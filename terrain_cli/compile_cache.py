"""A cache of whole compiled programs on disk, so that a second run neither traces nor compiles.

JAX's own persistent cache only saves compilation. Tracing and lowering still happen in every run, and for programs as small
as these they cost more than everything else (docs/decisions/0002-kept-programs.md). The few functions that a command calls
directly are decorated with `cached_jit`.
"""

import contextlib
import functools
import hashlib
import json
import os
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
import numpy as np
from jax._src.lib import xla_client  # type: ignore[attr-defined]  # jax.experimental.serialize_executable unpickles
from jax.tree_util import PyTreeDef, default_registry

from terrain_cli import jax_config as jax_config  # 64-bit floats
from terrain_cli.errors import InputError
from terrain_cli.files import written

folder_in_use: Path | None = None  # the folder of the cache; None while it is off
watch_compilation: Callable[[], None] | None = None  # called before each compilation

OFF = ("", "0", "off", "no", "false")


def cache_folder() -> Path | None:
    """The folder for compiled programs: TERRAIN_CACHE_DIR, else the user's cache folder; None if the cache is switched off."""
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


def enable_compile_cache(watch: Callable[[], None] | None = None) -> None:
    """Cache compiled programs in `cache_folder()`, so that the next run does not compile them again.

    watch: called before each compilation.

    Whoever can write to the cache can run code as its user. The folder is therefore created with mode 0700, and not used where
    anyone but the user and root can write to it, or to a folder around it. A problem with the cache is only a warning. Raises
    InputError if the environment names a device that JAX does not have, for which nothing could be computed.
    """
    global folder_in_use, watch_compilation
    watch_compilation = watch
    _check_device()
    folder: Path | str | None = os.environ.get("TERRAIN_CACHE_DIR", "the user's cache folder")
    try:
        folder = cache_folder()
        if folder is None:
            return
        _make(folder)
        folder = folder.resolve()  # what follows is about this path, wherever links may lead tomorrow
        if intruder := _find_intruder(folder):
            raise PermissionError(
                f"{intruder}; set TERRAIN_CACHE_DIR to a new folder of your own, and do not reuse this one"
            )
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as problem:  # RuntimeError: ~nobody has no home
        warnings.warn(f"compiled programs are not cached in {folder}: {problem}", RuntimeWarning, stacklevel=2)
        return
    folder_in_use = folder


def _make(folder: Path) -> None:
    """Create the folder, and those around it that are missing, for the user alone, whatever the umask."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _find_intruder(folder: Path) -> str | None:
    """Who else than the user and root can write to a folder, or replace it or one around it; None if nobody can."""
    if os.name != "posix":
        return None
    for place in (folder, *folder.parents):
        status = place.stat()
        if status.st_uid not in ((os.geteuid(),) if place == folder else (os.geteuid(), 0)):
            return f"{place} belongs to another user"
        shared = status.st_mode & 0o022
        if status.st_mode & stat.S_ISVTX and place != folder:
            shared = 0  # in such a folder nobody can replace what is not his own
        if shared & 0o002 or (shared and (place == folder or not _is_own_group(status.st_gid))):
            return f"others can write to {place}"
    return None


def _is_own_group(number: int) -> bool:
    """Whether the group is the private one that some systems give each user, whose umask is then 002."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return user.pw_gid == number and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _check_device() -> None:
    named = [f"{name}={os.environ[name]}" for name in ("JAX_PLATFORMS", "JAX_PLATFORM_NAME") if os.environ.get(name)]
    try:
        jax.devices()
    except (RuntimeError, AssertionError):
        if not named:
            raise
        raise InputError(
            f"{' '.join(named)}: JAX finds no such device here; unset it, or set JAX_PLATFORMS=cpu"
        ) from None


MAX_FILES = 256  # beyond it the oldest are deleted
FILE_NAME = re.compile(r"\w+-[0-9a-f]{64}")


# Without XLA's newer code generator for fused loops a program compiles in half the time, and nearly all run as fast.
QUICK: dict[str, bool | int] = {"xla_cpu_use_fusion_emitters": False}
FUSED: dict[str, bool | int] = {}  # for programs to which this does not apply


@functools.cache
def _quick() -> dict[str, bool | int]:
    """`QUICK`, or nothing if this version of XLA does not know the option."""
    try:
        jax.jit(lambda: 0.0, compiler_options=QUICK).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return QUICK


class cached_jit:  # noqa: N801  used as a decorator, in place of jax.jit
    """`jax.jit`, with the compiled program cached on disk once `enable_compile_cache()` has been called.

    Positional arguments are arrays or pytrees of them, keyword arguments are static. It is plain `jax.jit` while the cache is
    off, inside another transformation, and if a static argument is anything but a name or a number: a function has no name
    that identifies it in another process, so its program must not be looked up there. A file that cannot be read or written
    is only a warning.

    fused: let XLA fuse loops with its newer code generator. It takes twice as long to compile and pays only for programs that
    work through millions of numbers in one loop.
    """

    def __init__(
        self, function: Callable[..., Any], static_argnames: tuple[str, ...] = (), *, fused: bool = False
    ) -> None:
        functools.update_wrapper(self, function)
        self.name = function.__name__.lstrip("_")
        self.fused = fused
        self.nested = jax.jit(function, static_argnames=static_argnames)  # a jit in another takes no options
        self.function, self.static_argnames = function, static_argnames
        self.programs: dict[Any, Callable[..., Any]] = {}
        self.compiling = threading.Lock()

    @functools.cached_property
    def jitted(self) -> Any:
        """The function under `jax.jit`, for a call from outside other transformations."""
        options = (FUSED if self.fused else _quick()) or None
        return jax.jit(self.function, static_argnames=self.static_argnames, compiler_options=options, keep_unused=True)

    def __call__(self, *arguments: Any, **static: Any) -> Any:
        leaves, tree = jax.tree.flatten(arguments)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return self.nested(*arguments, **static)
        if folder_in_use is None or not all(isinstance(value, str | int) for value in static.values()):
            return self.jitted(*arguments, **static)
        shapes = tuple((a.shape, a.dtype, a.weak_type) for a in map(jax.typeof, leaves))
        key = (tree, shapes, tuple(sorted(static.items())))
        with self.compiling:  # threads that need the same program wait until one of them has compiled it
            if key not in self.programs:
                self.programs[key], result = self._load_or_compile(key, arguments, static)
                return result
        return self.programs[key](*arguments)

    def _load_or_compile(
        self, key: Any, arguments: tuple[Any, ...], static: dict[str, Any]
    ) -> tuple[Callable[..., Any], Any]:
        """The program for arguments like these, read from its file or compiled and written to it, and its result for them."""
        assert folder_in_use is not None
        digest = hashlib.sha256(repr((self.name, str(key), _environment())).encode()).hexdigest()
        file = folder_in_use / f"{self.name}-{digest}"
        cached = os.path.lexists(file)
        if watch_compilation and not cached:
            watch_compilation()
        traced = None if cached else self.jitted.trace(*arguments, **static)
        try:
            if traced:
                _write(file, traced)
            program = _read(file)  # also if it was just written, so that every cached program has run once
            result = program(*arguments)
        except Exception as problem:
            with contextlib.suppress(OSError):  # a folder, or a file of someone else's
                file.unlink()
            warnings.warn(f"the compiled program of {self.name} is not cached: {problem}", RuntimeWarning, stacklevel=2)
            program = functools.partial(self.jitted, **static)
            result = program(*arguments)
        return program, result


@functools.cache
def _environment() -> str:
    """Everything that a compiled program depends on besides its arguments: our source, JAX and its settings, the processor."""
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
    """The program in a file. A checksum detects damage, because damaged code would crash the process."""
    data = _read_own(file)
    checksum, content = data[:32], data[32:]
    if hashlib.sha256(content).digest() != checksum:
        raise ValueError(f"{file} was damaged")
    head, _, code = content.partition(b"\n")
    known = json.loads(head)
    tree, weak = _to_tree(known["tree"]), [bool(is_weak) for is_weak in known["weak"]]
    device = jax.devices()[0]
    there = {device}
    executable = device.client.deserialize_executable(code, executable_devices=xla_client.DeviceList((device,)))

    def program(*arguments: Any) -> Any:
        leaves = jax.tree.leaves(arguments)
        for i, leaf in enumerate(leaves):
            if not (isinstance(leaf, jax.Array) and leaf.devices() == there):
                plain = leaf if isinstance(leaf, jax.Array) else np.asarray(leaf, jax.typeof(leaf).dtype)
                leaves[i] = jax.device_put(plain, device)
        results = executable.execute_sharded(leaves).disassemble_into_single_device_arrays()
        return jax.tree.unflatten(tree, map(_free, (result for [result] in results), weak))

    return program


def _free(result: jax.Array, weak: bool) -> jax.Array:
    """The array as a function under `jax.jit` returns it: not bound to its device, and of a weak type if it is."""
    aval = _describe_array(result.shape, result.dtype, weak)
    free: jax.Array = type(result)(aval, result.sharding, [result], committed=False, _skip_checks=True)  # type: ignore[call-arg]
    return free


@functools.lru_cache(maxsize=1000)
def _describe_array(shape: tuple[int, ...], dtype: np.dtype, weak: bool) -> jax.core.ShapedArray:
    return jax.core.ShapedArray(shape, dtype, weak_type=weak)  # which takes longer than all else for a small array


def _read_own(file: Path) -> bytes:
    """The content of a file that only the user can have written. Raises PermissionError for any other."""
    flags = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")  # a pipe is refused below, not waited for
    number = os.open(file, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    with os.fdopen(number, "rb") as opened:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise PermissionError(f"{file} is not a plain file")
        if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            raise PermissionError(f"{file} may have been written by others")
        return opened.read()


def _write(file: Path, traced: Any) -> None:
    """Compile a program and write it for its owner alone, and delete the oldest programs.

    The head, a line of JSON, describes the result: its structure, and which of its arrays have a weak type.
    """
    weak = [bool(leaf.weak_type) for leaf in jax.tree.leaves(traced.out_info)]
    head = json.dumps({"tree": _describe(traced.out_tree), "weak": weak}).encode()
    executable = traced.lower().compile().runtime_executable()
    content = head + b"\n" + executable.client.serialize_executable(executable)
    with written(file, mode=0o600) as opened:
        opened.write(hashlib.sha256(content).digest() + content)
    _delete_oldest(file.parent)


PLAIN = {kind.__name__: kind for kind in (tuple, list, dict, type(None))}


def _describe(tree: PyTreeDef) -> Any:
    """The structure of a result as JSON has it: null for a leaf, else [class, its data, [branches]]."""
    node = tree.node_data()
    if node is None:
        return None
    kind, data = node
    name = kind.__name__ if kind in PLAIN.values() else f"{kind.__module__}.{kind.__qualname__}"
    return [name, data, [_describe(branch) for branch in tree.children()]]


def _to_tree(found: Any) -> PyTreeDef:
    """The structure that `_describe` has described. Its classes are ours; nothing is imported for it, and nothing called."""
    if found is None:
        return jax.tree.structure(0)
    name, data, branches = found
    module, _, last = name.rpartition(".")
    kind = PLAIN.get(name) or (vars(sys.modules[module])[last] if module.startswith("terrain_cli.") else None)
    if not isinstance(kind, type):
        raise ValueError(f"{name} is not a class of terrain")
    return PyTreeDef.from_node_data_and_children(default_registry, (kind, data), map(_to_tree, branches))


def _delete_oldest(folder: Path) -> None:
    """Delete the oldest programs, and no other files. Another process may do the same at the same time."""
    ages = []
    for file in folder.iterdir():
        if FILE_NAME.fullmatch(file.name):
            with contextlib.suppress(OSError):
                ages.append((file.stat().st_mtime, file))
    for _, old in sorted(ages, reverse=True)[MAX_FILES:]:
        with contextlib.suppress(OSError):
            old.unlink()
