"""The one exception for what a user can put right: a bad file, a bad value, a bad call."""


class InputError(ValueError):
    """What is wrong with what was given, a sentence a line, each naming file, line, key, value and remedy as far as known.

    The command line prints the lines and exits with 2.
    """

    def __init__(self, *problems: str) -> None:
        # What was given may hold anything: a terminal must not be told to do it.
        problems = tuple(visible(text, keep="\n\t") for text in problems)
        super().__init__("\n".join(problems))
        self.problems = problems


def visible(text: str, keep: str = "") -> str:
    """The text as it is, but for characters that would break a line or steer a terminal: those by their escapes."""
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)
