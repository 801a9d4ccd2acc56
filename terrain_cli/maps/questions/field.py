"""The arrival times on the corners of the cells, in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrain_cli.contract import Answer, Option
from terrain_cli.files import check_output

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution

order = 4
options = (
    Option("field", Path, "Write the arrival times on the corners of the cells to this .npy or .tif file.", "FILE"),
)


def parse(values: Mapping[str, Any]) -> Path | None:
    """The file; None if the question is not asked. Raises InputError."""
    path: Path | None = values["field"]
    if path:
        check_output(path, (".npy", ".tif"), "--field")
    return path


class FieldAnswer(Answer):
    """The arrival times from the start, for a file."""

    def __init__(self, solution: "MapSolution", path: Path) -> None:
        self.solution, self.path = solution, path

    def to_files(self) -> Mapping[Path, Any]:
        times = self.solution.from_start
        if self.path.suffix.lower() == ".npy":
            return {self.path: times}
        from terrain_cli.geo.exports import write_corners

        grid = self.solution.grid
        return {self.path: lambda file: write_corners(file, times, grid)}


def answer(solution: "MapSolution", argument: Path) -> FieldAnswer:
    """The arrival times from the start, shape (rows + 1, cols + 1), s. argument: the file to write."""
    return FieldAnswer(solution, argument)
