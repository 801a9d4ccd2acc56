"""The program: `terrain` and `python -m terrain_cli`. Signals are heard from its first lines on."""

import io
import os
import sys

TYPE_CHECKING = False  # for type checkers: nothing is imported before signals are heard
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEVICES = ("JAX_PLATFORM", "JAX_CUDA_", "JAX_ROCM_", "JAX_MOCK_GPU")  # settings of JAX that are the user's to make


def main() -> None:
    """Run the command line as the whole of this process, and end it."""
    try:
        _open_missing_streams()
        from terrain_cli import interrupts

        interrupts.listen()
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        os._exit(130)
    reported = False
    try:
        _ignore_settings_of_others()
        from terrain_cli.cli import main as run

        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        causes = (end.__context__, getattr(end.__context__, "__cause__", None))
        reported = code == 130 and not any(isinstance(cause, KeyboardInterrupt) for cause in causes)
    except KeyboardInterrupt:
        code = 130
    except Exception:
        sys.excepthook(*sys.exc_info())
        code = 1
    interrupts.finish(code, reported)


class _Remarks(io.FileIO):
    """Standard error. What cannot be written there, as on a full disk, is lost; results and exit codes do not change."""

    def write(self, data: "ReadableBuffer") -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            return memoryview(data).nbytes


def _open_missing_streams() -> None:
    """Open the null device in place of standard streams that are closed, before a file of the user's gets their numbers.

    Standard error is replaced by one that never fails, unless it is a pipe that nobody reads.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  open to the end
    if os.name == "posix":  # the console of Windows is written in another way
        raw = io.BufferedWriter(_Remarks(2, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, sys.stderr.errors, line_buffering=True)


def _ignore_settings_of_others() -> None:
    """Ignore what the environment says to other programs in Python: it would change results, or break off the run.

    These are the settings of JAX and XLA, except those that choose a device, matplotlib's backend, a screen without columns, and
    Python's settings of warnings.
    """
    for name in [name for name in os.environ if name.startswith(("JAX_", "XLA_")) and not name.startswith(DEVICES)]:
        del os.environ[name]
    os.environ["MPLBACKEND"] = "agg"
    if not os.environ.get("COLUMNS", "").strip("0").isdecimal():
        os.environ.pop("COLUMNS", None)
    if sys.warnoptions:
        import warnings

        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)


if __name__ == "__main__":
    main()
