"""Light commands import nothing heavy, and compiled programs are cached from run to run, whatever happens to the cache."""

import hashlib
import os
import pickle
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import compile_cache
from tests.conftest import CONFIGS, Ran, run_process

THREE = str(CONFIGS / "three_strips.yaml")
TIME = "81.916383 s"
ADVICE = "set TERRAIN_CACHE_DIR to a new folder of your own, and do not reuse this one"
posix = pytest.mark.skipif(os.name != "posix", reason="modes, links, pipes and owners of POSIX")
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")


def imported(*commands: tuple[str, ...], code: str = "pass") -> list[set[str]]:
    """The heavy packages that are imported after each of these runs of `terrain` in one process, each of which `code` follows."""
    program = (
        "import sys\nfrom terrain_cli import cli\n"
        f"for arguments in {[list(command) for command in commands]!r}:\n"
        f"    try: cli.main(arguments)\n    except SystemExit: pass\n    {code}\n"
        f"    print('imported', *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = [set(line.split()[1:]) for line in done.stderr.splitlines() if line.startswith("imported")]
    assert len(found) == len(commands)
    return found


HEAVY = ("jax", "numpy", "matplotlib", "pydantic", "yaml", "jinja2")
LIGHT = [
    ("--help",),
    ("solve", "--help"),
    ("sweep", "--help"),
    ("check", "--help"),
    ("report", "--help"),
    ("batch", "--help"),
    ("batch", "nowhere.jsonl"),
    ("--version",),
    (),
    ("nonsense",),
    ("schema",),
    ("new", "/no/such/folder/x.yaml"),
    ("solve", "nowhere.yaml"),
    ("sweep", "nowhere.yaml", "--step", "1"),
    ("report", "nowhere.yaml", "-o", "report.html"),
    ("sweep",),
    ("solve", str(CONFIGS / "scenario.schema.json")),
    ("graph", str(CONFIGS / "lake.yaml")),
    ("solve", str(CONFIGS / "lake.yaml"), "--method", "adam"),
    ("plot", str(CONFIGS / "lake.yaml"), "-o", "x.png", "--kind", "paths"),
    ("sweep", str(CONFIGS / "lake.yaml"), "--vary", "goal.7=1"),
]


def test_light_commands_import_neither_jax_nor_matplotlib() -> None:
    """The first command that is named here has imported something."""
    found = zip(LIGHT, imported(*LIGHT), strict=True)
    heavy = {"jax", "numpy", "matplotlib", "jinja2"}
    assert [command for command, packages in found if packages & heavy] == []


def test_help_imports_no_pydantic() -> None:
    assert imported(("--help",)) == [set()]


def test_an_import_would_be_noticed() -> None:
    assert "jax" in imported(("--help",), code="import jax")[0]
    [packages] = imported(("solve", THREE))
    assert "jax" in packages
    assert "matplotlib" not in packages


def test_completion_is_light() -> None:
    code = (
        "import sys, terrain_cli.cli as c\n"
        "try: c.main([])\nexcept SystemExit: pass\n"
        "print('jax' in sys.modules, file=sys.stderr)"
    )
    environment = {**os.environ, "_TERRAIN_COMPLETE": "complete_bash", "COMP_WORDS": "terrain so", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["solve"]
    assert done.stderr.splitlines()[-1] == "False"


def test_the_api_is_lazy() -> None:
    code = (
        "import sys, terrain_cli; dir(terrain_cli); print('jax' in sys.modules)\n"
        "terrain_cli.calc_time; print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def solve(cache: Path | str) -> Ran:
    ran = run_process("solve", THREE, "--quiet", TERRAIN_CACHE_DIR=str(cache))
    assert ran.code == 0
    assert TIME in ran.out
    return ran


def test_processes_find_the_programs_that_tests_have_compiled() -> None:
    """Otherwise each of them would compile its programs anew, and the tests would take minutes longer."""
    code = "from terrain_cli import compile_cache; print(compile_cache._environment())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{compile_cache._environment()}\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache after a first run; tests work on a copy."""
    cache = tmp_path_factory.mktemp("first") / "cache"
    assert solve(cache).err == ""
    return cache


class TestCompileCache:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Path:
        return tmp_path / "cache"

    @pytest.fixture
    def filled(self, first: Path, cache: Path) -> Path:
        return Path(shutil.copytree(first, cache))

    def test_programs_are_compiled_once(self, filled: Path) -> None:
        files = {file: file.stat().st_mtime_ns for file in filled.iterdir()}
        assert {file.name.split("-")[0] for file in files} == {"run", "find_optimum"}
        assert solve(filled).err == ""
        assert {file: file.stat().st_mtime_ns for file in filled.iterdir()} == files

    @pytest.mark.skipif(os.name != "posix", reason="modes")
    def test_only_the_user_may_read_it(self, first: Path) -> None:
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in first.iterdir())

    @pytest.mark.skipif(os.name != "posix", reason="modes")
    def test_a_folder_that_others_can_write_to_is_not_used(self, cache: Path) -> None:
        cache.mkdir()
        cache.chmod(0o777)
        ran = solve(cache)
        reason = f"others can write to {cache}; {ADVICE}"
        assert ran.err == f"terrain: warning: compiled programs are not cached in {cache}: {reason}\n"
        assert list(cache.iterdir()) == []

    @pytest.mark.parametrize("off", ["", "off", "0"])
    def test_it_can_be_switched_off(self, off: str, tmp_path: Path) -> None:
        ran = run_process("solve", THREE, "--quiet", TERRAIN_CACHE_DIR=off, XDG_CACHE_HOME=str(tmp_path), cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("damage", [b"", b"rubbish" * 100, None])
    def test_a_damaged_program_is_only_a_warning(self, filled: Path, damage: bytes | None) -> None:
        for file in filled.iterdir():
            content = file.read_bytes()
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if damage is None else damage)
        ran = solve(filled)
        assert ran.err.count("terrain: warning: the compiled program of ") == 2
        assert "was damaged" in ran.err
        assert "Traceback" not in ran.err
        assert list(filled.iterdir()) == []  # so that the next run compiles anew, as a first one does

    def test_a_folder_in_place_of_a_program_is_only_a_warning(self, filled: Path) -> None:
        for file in filled.iterdir():
            file.unlink()
            file.mkdir()
        assert solve(filled).err.count("is not cached: [Errno 21] Is a directory") == 2

    def test_a_file_in_place_of_the_folder_is_only_a_warning(self, cache: Path) -> None:
        cache.write_text("")
        assert "terrain: warning: compiled programs are not cached in" in solve(cache).err
        assert cache.read_text() == ""

    @pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
    def test_a_folder_that_cannot_be_created_is_only_a_warning(self) -> None:
        assert "terrain: warning: compiled programs are not cached in /proc/none" in solve("/proc/none").err

    @pytest.mark.skipif(os.name != "posix", reason="ulimit")
    def test_a_full_disk_is_only_a_warning(self, cache: Path) -> None:
        """A limit on the size of files simulates the full disk."""
        command = f"ulimit -f 8; '{sys.executable}' -m terrain_cli solve '{THREE}' --quiet"
        environment = {**os.environ, "TERRAIN_CACHE_DIR": str(cache)}
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0
        assert TIME in done.stdout
        assert done.stderr.count("terrain: warning: the compiled program of ") == 2
        assert "Traceback" not in done.stderr
        assert list(cache.iterdir()) == []

    def test_the_oldest_programs_are_deleted(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import jax.numpy as jnp

        monkeypatch.setattr(compile_cache, "folder_in_use", cache)
        monkeypatch.setattr(compile_cache, "MAX_FILES", 3)
        cache.mkdir()
        for i in range(9):
            (cache / f"mine-{i}.txt").write_text("not a program")

        def double(x: object) -> object:
            return 2 * x  # type: ignore[operator]

        double = compile_cache.cached_jit(double)
        for size in range(1, 6):
            assert double(jnp.ones(size)).shape == (size,)
        assert len(list(cache.glob("double-*"))) == 3
        assert len(list(cache.glob("mine-*"))) == 9
        shutil.rmtree(cache)

    def test_a_change_of_the_source_compiles_anew(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import jax.numpy as jnp

        monkeypatch.setattr(compile_cache, "folder_in_use", cache)
        cache.mkdir()
        for environment in ("one", "another"):
            monkeypatch.setattr(compile_cache, "_environment", lambda environment=environment: environment)
            assert float(compile_cache.cached_jit(lambda x: 2 * x)(jnp.ones(()))) == 2
        assert len(list(cache.iterdir())) == 2

    def test_the_folder_follows_the_convention_of_the_system(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TERRAIN_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", "/x")
        monkeypatch.setenv("LOCALAPPDATA", "/y")
        for platform, expected in (
            ("linux", Path("/x/terrain/compiled")),
            ("darwin", Path("~/Library/Caches/terrain/compiled").expanduser()),
            ("win32", Path("/y/terrain/compiled")),
        ):
            monkeypatch.setattr(sys, "platform", platform)
            assert compile_cache.cache_folder() == expected


class Planted:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@posix
class TestStrangers:
    """Nobody but the user can have a program run, even where others could write to the cache once."""

    @pytest.fixture
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "cache"
        folder.mkdir(mode=0o700)
        monkeypatch.setattr(compile_cache, "folder_in_use", folder)
        return folder

    def call(self) -> float:
        import jax.numpy as jnp

        def double(x: Any) -> Any:
            return 2 * x

        return float(compile_cache.cached_jit(double)(jnp.ones(())))

    def refuse(self, cache: Path, reason: str) -> None:
        """The file in the cache is not used, which is a warning, and the next run compiles anew."""
        with pytest.warns(RuntimeWarning, match=f"the compiled program of double is not cached: .*{reason}"):
            assert self.call() == 2
        assert list(cache.iterdir()) == []
        assert self.call() == 2
        assert self.call() == 2

    @pytest.mark.parametrize("outer", [True, False])
    def test_a_planted_pickle_does_not_run(self, cache: Path, tmp_path: Path, outer: bool) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        planted: Any = Planted(f"touch '{tmp_path / 'ran'}'")
        content = pickle.dumps(planted if outer else (pickle.dumps(planted), None, None))
        for data in (content, b'{"tree": null, "weak": [false]}\n' + content, b'{"tree": ["os.system", 1, []]}\n'):
            file.write_bytes(hashlib.sha256(data).digest() + data)
            self.refuse(cache, "")
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("name", ["os.system", "terrain_cli.files.write", "terrain_cli.nowhere.X", "builtins.eval"])
    def test_a_result_has_classes_of_ours_only(self, name: str) -> None:
        with pytest.raises((ValueError, KeyError)):
            compile_cache._to_tree([name, None, [None]])

    def test_a_link_is_not_followed(self, cache: Path, tmp_path: Path) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        self.refuse(cache, "Too many levels of symbolic links")
        assert (tmp_path / "elsewhere").exists()

    def test_a_second_name_of_a_file_is_not_read(self, cache: Path, tmp_path: Path) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        (tmp_path / "elsewhere").hardlink_to(file)
        self.refuse(cache, "is not a plain file")

    def test_a_pipe_is_not_waited_for(self, cache: Path) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        file.unlink()
        os.mkfifo(file, mode=0o600)
        self.refuse(cache, "is not a plain file")

    @pytest.mark.parametrize("mode", [0o666, 0o620])
    def test_a_file_that_others_can_write_to(self, cache: Path, mode: int) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        file.chmod(mode)
        self.refuse(cache, "may have been written by others")

    @root
    def test_a_file_of_another_user(self, cache: Path) -> None:
        assert self.call() == 2
        [file] = cache.iterdir()
        os.chown(file, 12345, 12345)
        self.refuse(cache, "may have been written by others")

    def enable(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
        monkeypatch.setattr(compile_cache, "folder_in_use", None)
        monkeypatch.setenv("TERRAIN_CACHE_DIR", str(folder))
        compile_cache.enable_compile_cache()
        return compile_cache.folder_in_use

    @pytest.mark.parametrize("mode", [0o777, 0o757])
    def test_a_folder_around_it_that_others_can_write_to(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
    ) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(mode)
        with pytest.warns(RuntimeWarning, match=f"others can write to {shared}; {ADVICE}"):
            assert self.enable(shared / "a" / "b", monkeypatch) is None
        shared.chmod(0o1777)  # as /tmp
        assert self.enable(shared / "a" / "b", monkeypatch) == (shared / "a" / "b").resolve()

    @root
    def test_a_folder_of_another_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for folder in (tmp_path / "theirs", tmp_path / "theirs" / "mine"):
            folder.mkdir()
            os.chown(tmp_path / "theirs", 12345, 12345)
            with pytest.warns(RuntimeWarning, match=f"{tmp_path / 'theirs'} belongs to another user; {ADVICE}"):
                assert self.enable(folder, monkeypatch) is None

    @root
    def test_a_folder_that_a_group_can_write_to(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Some systems give each user a group of his own, and his folders are then writable by that group."""
        around = tmp_path / "around"
        around.mkdir()
        around.chmod(0o775)
        assert self.enable(around / "cache", monkeypatch) is not None
        os.chown(around, 0, 12345)
        with pytest.warns(RuntimeWarning, match=f"others can write to {around}; {ADVICE}"):
            assert self.enable(around / "cache", monkeypatch) is None

    def test_new_folders_are_the_users_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = os.umask(0)
        try:
            assert self.enable(tmp_path / "a" / "b", monkeypatch) is not None
            assert self.call() == 2
        finally:
            os.umask(before)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((tmp_path / "a").rglob("*"))]
        assert (stat.S_IMODE((tmp_path / "a").stat().st_mode), *modes) == (0o700, 0o700, 0o600)


def test_a_program_from_the_cache_returns_what_the_function_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its structure, its types, weak ones included, and arrays that are not bound to a device."""
    import jax
    import jax.numpy as jnp

    from terrain_cli import Strips

    monkeypatch.setattr(compile_cache, "folder_in_use", tmp_path)

    def scale(strips: Strips, by: Any, unused: Any) -> Any:  # noqa: ARG001
        return {"a": [strips, (by, None)], "b": jnp.float32(1) * by, "c": (), "d": jnp.arange(2)}

    arguments = (Strips([1, 2], [3, 4], 5), 2.0, np.float32(3))
    expected = jax.jit(scale)(*arguments)
    for _ in range(2):  # compiled, and from the cache
        found = compile_cache.cached_jit(scale)(*arguments)
        assert str(jax.tree.structure(found)) == str(jax.tree.structure(expected))
        for leaf, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            assert (leaf.aval, leaf.sharding, leaf.committed) == (other.aval, other.sharding, other.committed)
            np.testing.assert_array_equal(leaf, other)
