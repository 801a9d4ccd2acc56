"""`terrain animate`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

from terrain_cli.scenario.load import load_strips
from terrain_cli.show.strips.animation import animate, draw_frames, frame_rows
from terrain_cli.show.style import figure_style
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import solve
from tests.conftest import CONFIGS, Ran

THREE = CONFIGS / "three_strips.yaml"


@pytest.fixture(autouse=True)
def _ink() -> Iterator[None]:
    with figure_style():
        yield


def frames(file: Path) -> list[np.ndarray]:
    with Image.open(file) as image:
        found = []
        for i in range(getattr(image, "n_frames", 1)):
            image.seek(i)
            found.append(np.asarray(image.convert("RGB"), dtype=int))
        return found


def test_the_post_in_motion(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "post.gif"
    ran = terrain("animate", THREE, "-o", file, "--fps", 5)
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (0, "", f"wrote {file}")
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_size < 500_000
    with Image.open(file) as image:
        assert image.info["loop"] == 0  # forever
        durations = []
        for i in range(21):
            image.seek(i)
            durations.append(image.info["duration"])
        assert image.n_frames == 21  # type: ignore[attr-defined]  # a GIF has it, not every Image
    assert durations == [200] * 20 + [2500]


def test_both_panels_move_and_the_rest_stays_still(tmp_path: Path) -> None:
    animate(solve(load_strips(THREE)), tmp_path / "post.gif")
    first, *_, last = frames(tmp_path / "post.gif")
    changed = np.abs(first - last).max(axis=2) > 30
    half = changed.shape[1] * 2 // 5
    assert changed[:, :half].sum() > 200
    assert changed[:, half:].sum() > 1000
    assert not changed[: changed.shape[0] // 8].any()  # titles and names
    assert np.mean(changed) < 0.1


def test_a_frame_shows_the_descent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The iterations that are passed to `draw_trace`, frame by frame."""
    from terrain_cli.show.strips import animation

    seen: list[tuple[int, int]] = []

    def watch(_: Any, __: Any, history: Any) -> list[Any]:
        seen.append((len(history), history[-1].iteration))
        return []

    monkeypatch.setattr(animation, "draw_trace", watch)
    count = sum(1 for _ in draw_frames(solve(load_strips(THREE))))
    assert count == 21
    assert seen == [(i + 1, i) for i in range(21)]


def test_a_long_descent_has_few_frames() -> None:
    rows = frame_rows(solve(load_strips(CONFIGS / "fast_road.yaml")).history)
    assert len(rows) <= 49
    assert [row.iteration for row in rows[:4]] == [0, 1, 2, 3]
    assert rows[-1].status == "converged"


@pytest.mark.parametrize(
    ("strips", "method", "step", "count"),
    [
        (1, "gradient", None, 1),
        (2, "gradient", 0.5, 4),
        (3, "snell", None, 1),
        (4, "gradient", 1e3, 4),
        (3, "adam", 1e200, 1),
    ],
)
def test_odd_descents_move(tmp_path: Path, strips: int, method: str, step: float | None, count: int) -> None:
    descent = {"method": method, "iterations": 3} | ({"step": step} if step else {})
    data = {
        "name": "$odd_",
        "strips": [{"width": 3, "speed": 1 + i} for i in range(strips)],
        "offset": 4,
        "descent": descent,
    }
    animate(solve(StripsScenario.model_validate(data)), tmp_path / "odd.gif")
    assert len(frames(tmp_path / "odd.gif")) == count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.png"], "--output: must end in .gif, got a.png"),
        (["-o", "nowhere/a.gif"], "nowhere/a.gif: cannot be written: there is no folder nowhere"),
        (["-o", "a.gif", "--fps", "0"], "--fps: must be from 0.1 to 50, got 0"),
        (["-o", "a.gif", "--fps", "nan"], "--fps: must be from 0.1 to 50, got nan"),
        (["-o", "a.gif", "--axes", "1,9"], "--axes: there is no x_9"),
        (["-o", "a.gif", "--axes", "a"], "--axes: must be one or two different unknowns"),
        (["-o", "a.gif", "--initial", "1"], "--initial: must have 2 numbers"),
    ],
)
def test_refuses(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = terrain("animate", THREE, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert not list(tmp_path.iterdir())


def test_a_failed_animation_leaves_nothing(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any, file: IO[bytes], **__: Any) -> None:
        file.write(b"GIF89a")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    ran = terrain("animate", THREE, "-o", tmp_path / "a.gif", "--iterations", 1)
    assert (ran.code, ran.err) == (2, f"{tmp_path / 'a.gif'}: cannot be written: No space left on device\n")
    assert not list(tmp_path.iterdir())
