"""`python -m terrain_cli` is `terrain`."""

from terrain_cli.cli import main

if __name__ == "__main__":
    main()
