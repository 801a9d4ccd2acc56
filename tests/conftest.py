"""Strict numerics, and two ways to run the command line."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

# One cache of compiled programs for all tests, apart from the user's own.
CACHE = Path(__file__).parent.parent / ".pytest_cache" / "compiled"
os.environ["TERRAIN_CACHE_DIR"] = str(CACHE)
# Tests compile far more than they compute. XLA, which reads these flags once, optimises nothing that is not one of our programs.
# It ends the process where it does not know one: jaxlib 0.11 has no choice of emitters any more.
EMITTERS = tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11)
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0" + EMITTERS * " --xla_cpu_use_fusion_emitters=false"

import jax  # noqa: E402  after the flags are set
from hypothesis import settings  # noqa: E402  after the cache is named

from terrain_cli import cli, compile_cache, jax_config  # noqa: E402  after the cache is named

compile_cache.enable_compile_cache()
jax.jit(lambda: 0.0)()
del os.environ["XLA_FLAGS"]
# Ours are compiled as users have them, so that the processes that tests start find them in the cache. What is asked of these
# tests alone, below, changes no program, and must not give them other names: `_environment` remembers its answer.
compile_cache._environment()
jax_config.set_option("jax_numpy_rank_promotion", "raise")
compile_cache.QUICK |= {"xla_backend_optimization_level": 3}
compile_cache.FUSED |= {"xla_backend_optimization_level": 3}
if EMITTERS:
    compile_cache.FUSED["xla_cpu_use_fusion_emitters"] = True
else:
    del compile_cache.QUICK["xla_cpu_use_fusion_emitters"]


def optimise(patch: pytest.MonkeyPatch) -> None:
    """Let `jax.jit` optimise what a test compiles from here on, as it does for users: for programs that compute for long."""
    patch.setattr(jax, "jit", functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 3}))


settings.register_profile("terrain", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("terrain")

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs"
STRIPS_FILES = [file for file in sorted(CONFIGS.glob("*.yaml")) if "\nstrips:" in file.read_text()]


# The tests of `make quick`: a broad selection that takes less than a minute, by the durations of a whole run.
QUICK = [
    "test_api",
    "test_files",
    "test_imports",
    "commands/test_check",
    "commands/test_new",
    "docs/test_autodiff",
    "docs/test_batch",
    "docs/test_benchmarks_page",
    "docs/test_decisions",
    "docs/test_figures",
    "docs/test_gradients",
    "docs/test_routes",
    "docs/test_scaling",
    "maps/routes/test_backtrack",
    "maps/routes/test_crossings",
    "maps/routes/test_lines",
    "maps/routes/test_refine",
    "maps/test_cells",
    "maps/test_scenario",
    "scenario/test_document",
    "show/test_api",
    "show/test_autodiff_page",
    "show/test_console",
    "strips/test_sensitivity",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.path.relative_to(ROOT / "tests").with_suffix("").as_posix()
        if module in QUICK and not item.get_closest_marker("slow"):
            item.add_marker("quick")
    # The longest come first, so that in the end no process works on one of them while the others wait.
    items.sort(key=lambda item: item.path.stem != "test_examples")


@dataclass
class Ran:
    """What a run of the command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def terrain(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run `terrain` with these arguments in this process."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as exit_:
            cli.main([str(argument) for argument in arguments])
        code = exit_.value.code
        captured = capfd.readouterr()
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, captured.out, captured.err)

    return run


def run_process(*arguments: object, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Ran:
    """Run `terrain` with these arguments as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "terrain_cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", **environment},
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
