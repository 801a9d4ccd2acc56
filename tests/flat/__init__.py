"""A third kind of terrain for tests/test_kinds.py: even ground, which the straight line crosses fastest.

It is written as a new kind would be, and nothing but its entry in kinds.py makes it known.
"""

from terrain_cli.kinds import KINDS, Kind

FLAT = Kind(
    name="flat",
    key="flat",
    keys=("flat", "from", "to"),
    plural="even ground",
    package="tests.flat",
    show="tests.flat.show",
    figures=("line",),
    flag="Even ground.",
)


def enter() -> None:
    """Enter the kind, as an edit of kinds.py would."""
    KINDS["flat"] = FLAT
