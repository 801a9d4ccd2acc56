"""The program: `terrain` and `python -m terrain_cli`. Signals are heard from its first lines on."""

import io
import os
import sys

TYPE_CHECKING = False  # for type checkers: nothing is imported before signals are heard
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEVICES = ("JAX_PLATFORM", "JAX_CUDA_", "JAX_ROCM_", "JAX_MOCK_GPU")  # settings of JAX that are the user's to make
# Libraries that read settings from a file in the working folder, and its name.
SETTINGS = {"matplotlib": "matplotlibrc", "numba": ".numba_config.yaml"}


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
        _ignore_settings_in_the_folder()
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

    These are the settings of JAX, XLA and numba, except those that choose a device, matplotlib's backend, a screen without
    columns, and Python's settings of warnings.
    """
    for name in list(os.environ):
        if name.startswith(("JAX_", "XLA_", "NUMBA_")) and not name.startswith(DEVICES):
            del os.environ[name]
    os.environ["MPLBACKEND"] = "agg"
    if not os.environ.get("COLUMNS", "").strip("0").isdecimal():
        os.environ.pop("COLUMNS", None)
    if sys.warnoptions:
        import warnings

        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)


def _ignore_settings_in_the_folder() -> None:
    """Import the libraries in `SETTINGS` from another folder, so that they find no settings.

    The working folder may be a stranger's, and such settings name files to write and code to import.
    """
    import contextlib
    from importlib.machinery import ModuleSpec, PathFinder
    from types import ModuleType

    class Elsewhere:
        @staticmethod
        def find_spec(name: str, *_: object) -> ModuleSpec | None:
            found = PathFinder.find_spec(name) if name in SETTINGS and os.path.lexists(SETTINGS[name]) else None
            if found and found.loader:
                run = found.loader.exec_module

                def run_elsewhere(module: ModuleType) -> None:
                    with contextlib.chdir(os.path.dirname(os.path.abspath(__file__))):  # noqa: PTH100, PTH120  no pathlib yet
                        run(module)
                    if name == "numba":  # it looks again before it compiles
                        module.core.config._config_fname = os.devnull

                setattr(found.loader, "exec_module", run_elsewhere)  # noqa: B010
            return found

    sys.meta_path.insert(0, Elsewhere)


if __name__ == "__main__":
    main()
