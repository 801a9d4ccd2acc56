"""The page about the lessons names those that there are, and what it says of a folder holds."""

from terrain_cli.lessons.catalogue import Lesson, find_lessons
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_the_table_has_every_lesson() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and line[2].isdigit()]
    listed = [(row[0].removeprefix("| "), row[2].removesuffix(" |")) for row in rows]
    assert listed == [(f"{lesson.number}. {lesson.title}", f"`{lesson.function}`") for lesson in find_lessons()]


def test_every_key_and_file_of_a_folder_is_explained() -> None:
    for key in Lesson.__dataclass_fields__.keys() - {"folder"}:
        assert f"`{key}`" in PAGE, key
    for lesson in find_lessons():
        for file in lesson.folder.iterdir():
            assert f"`{file.name}`" in PAGE, file
