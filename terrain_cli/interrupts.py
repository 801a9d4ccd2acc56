"""Ctrl-C and SIGTERM: each is heard, once, wherever it falls.

Python raises KeyboardInterrupt at whatever line it happens to be. Within JAX that can be a callback of the garbage collector,
which loses the exception, an import, which breaks off halfway, or the middle of a compilation, which can crash the process.
After `listen()`, the process ends at once as long as JAX has not been imported, since nothing has been computed. Later the
exception is raised at the next line of terrain's own code. If none comes, because the main thread is in a compiled call or in a
library, a thread sees to it: soon the exception may also end a call that waits, and within two seconds the process ends. Where
there are results to keep, the thread says so instead, then the exception is raised anywhere but in an import, and at last the
process ends. A second Ctrl-C ends it at once. Temporary files are removed in every case, and the exit code is always 130.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# s after the signal: the exception may end a call that waits; it is raised anywhere; the process ends, if there is nothing to
# keep; it ends although there is; it ends if that has not come of the exception.
WAITING, ANYWHERE, END, KEEP, LAST = 0.3, 2.0, 1.2, 10.0, 10.0
PATIENCE = b"interrupted: what there is will be kept as soon as this step has ended; Ctrl-C again ends at once\n"
SAME = 0.5  # s in which a second signal is the first one, sent on by a program such as `npm` or `make`

leftovers: set[str] = set()  # temporary files to remove, whatever happens

_PACKAGE = __file__.removesuffix("interrupts.py")
_NOT_OWN = (__file__, _PACKAGE + "__main__.py")  # what must not break off


class _State:
    """listening: to signals. asked: a signal has come. raised: so has its exception. held: depth of `held`. keeping: that around
    the items of `interruptible`. ending: the command is over. told: the user has been told. patience: has been asked for.
    waited: s since the signal, when the thread last looked. knocks: signals that the thread sent itself."""

    listening = asked = raised = ending = told = patience = False
    held = keeping = knocks = 0
    waited = 0.0


_state = _State()


def listen() -> None:
    """Handle the signals of this process from now on, except those that are ignored or handled already."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _hear)
    _state.listening = True
    sys.unraisablehook = _hear_again
    if os.name == "posix":
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=_watch, args=(reader,), daemon=True).start()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """A context in which what is there is brought to safety: KeyboardInterrupt is raised at its end."""
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
    _raise_if_due()


def interruptible(items: Iterator[T]) -> Iterator[T]:
    """The items. Within `held()`, KeyboardInterrupt ends the computation of an item all the same."""
    outer, outermost = _state.held, _state.keeping
    while True:
        try:
            _state.held, _state.keeping = 0, outer or outermost
            _raise_if_due()
            item = next(items)
        except StopIteration:
            return
        finally:
            _state.held, _state.keeping = outer, outermost
        yield item


def finish(code: int, reported: bool) -> None:
    """End the process, with 130 if a signal has come. Python would take a tenth of a second, deaf, to take JAX apart.

    reported: the user has been told that a signal has come.
    """
    import atexit

    _state.ending = True
    _state.told |= reported
    if _state.asked:
        _tell()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # ValueError: is closed
            stream.flush()
    _remove_leftovers()
    os._exit(130 if _state.asked else code)


def _hear(_: int, frame: FrameType | None) -> None:
    """The handler of the signals."""
    if _state.ending:
        _end()
    _state.asked = True
    if _state.raised or _state.held:
        return
    if not _has_jax():
        _end()
    anywhere = _state.waited > ANYWHERE and not _is_importing(frame)
    if anywhere or (_state.waited > WAITING and frame is not None and _is_own(frame)):
        _raise()
    _raise_at_the_next_line(frame)


def _hear_again(lost: Any) -> None:
    """The hook for exceptions that Python cannot raise, such as those in callbacks of the garbage collector."""
    if issubclass(lost.exc_type, KeyboardInterrupt) and _state.asked:
        _state.raised = False
        _raise_at_the_next_line(sys._getframe())
    else:
        sys.__unraisablehook__(lost)


def _raise_if_due() -> None:
    if _state.asked and not _state.raised and not _state.held:
        _raise()


def _raise() -> None:
    _state.raised = True
    sys.settrace(None)
    raise KeyboardInterrupt


def _raise_at_the_next_line(frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt where the innermost function of ours goes on, or where one is called."""
    while frame is not None and not _is_own(frame):
        frame = frame.f_back
    if frame is not None:
        frame.f_trace = _trace
        frame.f_trace_lines = True
    sys.settrace(_trace)


def _trace(frame: FrameType, *_: Any) -> Any:
    if _is_own(frame):
        if not (_state.raised or _state.held):
            _raise()
        return _trace
    return None


def _is_own(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith(_PACKAGE) and name not in _NOT_OWN


def _has_jax() -> bool:
    """Whether the module that configures JAX has been imported to its end."""
    return getattr(sys.modules.get("terrain_cli.jax_config"), "READY", False)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if "importlib._bootstrap" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _watch(signals: int) -> None:
    """The thread: it knocks at the main thread until that has raised the exception, and waits for a second signal.

    signals: a descriptor from which a byte can be read for each signal, whatever the main thread is doing.
    """
    import select

    os.read(signals, 1)
    began = time.monotonic()
    while True:
        second = bool(select.select([signals], [], [], 0.1)[0])
        _state.waited = time.monotonic() - began
        if second:
            os.read(signals, 1)
            if _state.knocks:
                _state.knocks -= 1
            elif _state.waited > SAME:
                _end()
        elif not _state.held:
            if _state.waited > (LAST if _state.raised else KEEP if _state.keeping else END):
                _end()
            if _state.keeping and _state.waited > END and not (_state.raised or _state.patience):
                _state.patience = True
                with contextlib.suppress(OSError):
                    os.write(2, PATIENCE)
            if _state.waited > WAITING and not (_state.raised or _state.ending):
                _state.knocks += 1
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _end() -> None:
    """End the process now, from any thread."""
    _state.ending = True
    _tell()
    flush = threading.Thread(target=lambda: sys.stdout.flush(), daemon=True)
    flush.start()
    flush.join(0.2)  # in vain if the main thread is writing to a pipe that nobody reads
    _remove_leftovers()
    os._exit(130)


def _tell() -> None:
    """Tell the user, once, that the process ends because of a signal."""
    if not _state.told:
        _state.told = True
        with contextlib.suppress(OSError):
            os.write(2, b"interrupted\n")


def _remove_leftovers() -> None:
    for path in list(leftovers):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108  pathlib would be imported at each start
