"""JAX as terrain uses it: 64-bit floats, no work behind one's back, and compiled programs kept on disk between runs.

Every numerical module imports this one first. In float32 the descent starts to climb by rounding near iteration 40, so
64-bit floats are switched on for the whole process (docs/decisions/0001-float64.md).
"""

import contextlib
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import cast

import jax

set_option = cast(Callable[[str, object], None], jax.config.update)
set_option("jax_enable_x64", True)
# Who calls a program waits for what it gives. Handed to JAX's own threads it would take longer, most of all where many.py has
# every processor at work already: those threads look for more to do for a while. No effect where JAX was used before
# (docs/decisions/0003-many-in-blocks.md).
with contextlib.suppress(AttributeError):  # a later JAX may do without the option
    set_option("jax_cpu_enable_async_dispatch", False)

kept_in: Path | None = None  # where compiled programs are kept; None: nowhere

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


def keep_compiled_programs() -> None:
    """Keep compiled programs in `cache_folder()`, so that the next run need not compile them.

    A cache that others can write to is code that others can run: the folder is made for its owner alone, and one that
    belongs to someone else or that others can write to is not used. Whatever is wrong with the cache costs a warning,
    never the result.
    """
    global kept_in
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
    kept_in = folder
