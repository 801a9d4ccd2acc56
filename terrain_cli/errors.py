"""The one exception for whatever a user can correct: a bad file, a bad value, a bad call."""

from terrain_cli.text import visible


class InputError(ValueError):
    """What is wrong with the input: one sentence per problem, each naming file, line, key, value and remedy where known.

    The command line prints the sentences and exits with code 2.
    """

    def __init__(self, *problems: str) -> None:
        # The input may contain anything; printing it must not control the terminal.
        problems = tuple(visible(text, keep="\n\t") for text in problems)
        super().__init__("\n".join(problems))
        self.problems = problems
