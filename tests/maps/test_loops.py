"""Compiled loops are cached where only the user can write, and nowhere else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from terrain_cli import compile_cache
from terrain_cli.maps import loops

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(compile_cache, "folder_in_use", tmp_path)
    monkeypatch.setattr(compile_cache, "watch_compilation", None)
    return tmp_path


root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")


def move_away(place: Path) -> None:
    """Put a link in place of the folder."""
    place.rename(place.with_name("elsewhere"))
    place.symlink_to("elsewhere")


def put_a_file_in_the_way(place: Path) -> None:
    """Leave numba no folder to write to. By itself it would then use one beside the source, or in the user's home."""
    [inner] = place.iterdir()
    inner.rename(place / "before")
    inner.touch()


def find_folder(cache: Path) -> Path:
    [found] = cache.glob("loops-*")
    return found


def test_machine_code_is_kept_for_the_user_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(compile_cache, "watch_compilation", lambda: said.append("compiling"))
    assert loops.compiled_loop(double)(2) == 4
    assert find_folder(folder).stat().st_mode & 0o777 == 0o700
    assert any(file.suffix == ".nbc" for file in find_folder(folder).rglob("*"))
    again = loops.compiled_loop(double)
    assert again(3) == 6
    assert sum(again.compiled.stats.cache_hits.values()) == 1
    assert said == ["compiling"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda place: place.chmod(0o755), "others can read or write"),
        (lambda place: (place / "planted.nbi").symlink_to("/etc/hostname"), "may have been written by others"),
        (lambda place: os.link(next(place.rglob("*.nbc")), place / "again"), "may have been written by others"),
        (lambda place: os.mkfifo(place / "planted.nbi"), "may have been written by others"),
        (lambda place: next(place.rglob("*.nbi")).chmod(0o666), "may have been written by others"),
        (lambda place: next(place.rglob("*.nbc")).chmod(0o620), "may have been written by others"),
        (lambda place: next(place.iterdir()).chmod(0o770), "may have been written by others"),
        (move_away, "others can read or write"),
        (put_a_file_in_the_way, "numba cannot write to"),
        pytest.param(lambda place: os.chown(place, 12345, 12345), "may have been written by others", marks=root),
        pytest.param(
            lambda place: os.chown(next(place.rglob("*.nbi")), 12345, 12345),
            "may have been written by others",
            marks=root,
        ),
    ],
    ids=[
        "open",
        "link",
        "hard link",
        "pipe",
        "writable",
        "of a group",
        "folder",
        "moved",
        "file",
        "theirs",
        "their file",
    ],
)
def test_a_folder_that_others_may_have_written_to_is_not_used(
    folder: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    loops.compiled_loop(double)(2)
    spoil(find_folder(folder))
    later = loops.compiled_loop(double)
    with pytest.warns(RuntimeWarning, match=f"compiled loops are not cached: .*{reason}"):
        assert later(5) == 10
    assert not later.compiled.stats.cache_hits


def test_files_are_the_users_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        loops.compiled_loop(double)(2)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o077 for file in find_folder(folder).rglob("*")} == {0}
    again = loops.compiled_loop(double)
    assert again(3) == 6
    assert sum(again.compiled.stats.cache_hits.values()) == 1


def test_the_loops_of_old_versions_are_deleted(folder: Path) -> None:
    for age in range(6):
        (folder / f"loops-{age}").mkdir()
        os.utime(folder / f"loops-{age}", (age, age))
    loops.compiled_loop(double)(2)
    assert len(list(folder.glob("loops-*"))) == loops.MAX_FOLDERS
    assert not (folder / "loops-0").exists()
