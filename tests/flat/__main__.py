"""`terrain` with even ground as a third kind: the entry is there before the command line is imported."""

from tests.flat import enter

enter()

from terrain_cli.cli import main  # noqa: E402  after the entry

main()
