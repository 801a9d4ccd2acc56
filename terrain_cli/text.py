"""Text for people: numbers and counts in words, suggestions for typing errors, and strangers' text made safe to print."""

import difflib
from collections.abc import Iterable, Sequence

LONGEST = 80  # characters of a value, a key or a name in a message
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # printable for Python, and drawn as nothing

LONG, TOO_LONG = 3600, 3.6e10  # s, from and up to which a time is shown in hours too
UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
}

SUBSCRIPTS = str.maketrans("0123456789,", "₀₁₂₃₄₅₆₇₈₉,")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FROM_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def visible(text: str, keep: str = "") -> str:
    """The text as it is shown: every character that is not seen, or does not stay in its place, is replaced by its escape.

    These are controls, line separators, and what turns the direction of writing or takes no room. keep: characters to leave as
    they are all the same, such as a line break.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or (c.isprintable() and c not in UNSEEN) else ascii(c)[1:-1] for c in text)


def shorten(text: str, longest: int = LONGEST) -> str:
    """The text, cut short with three dots if it is longer than a message may quote."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def quote(value: str | None) -> str:
    """A text in quotes for a message, cut short."""
    return repr(value and shorten(value))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that resembles `word` most; None if none does, or `word` is too long to be a typing error."""
    if len(word) > LONGEST:
        return None
    matches = difflib.get_close_matches(word, list(known), 1)
    return matches[0] if matches else None


def suggest(word: str, known: Sequence[str], otherwise: str = "use one of") -> str:
    """ "did you mean step?", or a list of the known words after `otherwise` if none resembles `word`."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else f"{otherwise} {', '.join(known)}"


def add_value(message: str, got: str) -> str:
    """A message with ", got 3" at its end, but before "did you mean 4?"."""
    sentence, asks, near = message.partition(": did you mean ")
    return sentence + got + asks + near


def subscript(letter: str, number: int) -> str:
    """x₁ for ("x", 1)."""
    return letter + str(number).translate(SUBSCRIPTS)


def number(value: float) -> str:
    """A number for a table: six decimals if that suits its size, scientific notation otherwise."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return f"{value:.6f}"
    return f"{value:.6e}"


def hours(time: float, unit: str) -> str:
    """A long time in hours and minutes, 1:30 h, if the unit is the second; "" for any other, and for millennia."""
    if unit != "s" or not LONG <= time < TOO_LONG:
        return ""
    minutes = round(time / 60)
    return f"{minutes // 60:,}:{minutes % 60:02} h"


def duration(time: float, unit: str, digits: int | None = None) -> str:
    """A time with its unit, and in hours too if it is long: 5430.000000 s (1:31 h). digits: as for `short`; else as `number`."""
    text = f"{number(time) if digits is None else short(time, digits)} {unit}"
    return f"{text} ({long})" if (long := hours(time, unit)) else text


def short(value: float, digits: int = 6) -> str:
    """A number with up to so many significant digits: 11, 0.5, 102.645."""
    return f"{value + 0.0:.{digits}g}"


def write_area(value: float) -> str:
    """An area for a table, in full up to a size that nobody reads: 1,109,363, 110,545, 65,897.5."""
    return f"{value:,.0f}" if 1e6 <= value < 1e15 else f"{value:,.6g}"


def percent(share: float) -> str:
    """A relative difference as a percentage: 2.41 %, 5.7e-05 %, 1.2e+09 %."""
    size = abs(100 * share)
    return f"{100 * share:.2f} %" if 0.1 <= size < 1e6 or size == 0 else f"{100 * share:.{2 if size < 1 else 3}g} %"


def count(quantity: int, noun: str) -> str:
    """ "1 strip", "1,200 strips"."""
    return f"{quantity:,} {noun}" + ("" if quantity == 1 else "s")


def some_of(length: int, most: int) -> list[int | None]:
    """The indices of a long list that a table shows: all of them, or the first and the last with None for the gap."""
    if length <= most:
        return list(range(length))
    half = most // 2
    return [*range(half), None, *range(length - half, length)]


def html_table(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """A small table of names and values for notebooks."""
    import html  # where it is used, since every start of `terrain` imports this module

    cell = "<{0} style='text-align:left'>{1}</{0}>"

    def shown(text: str) -> str:
        return html.escape(visible(text))

    body = "".join(f"<tr>{cell.format('th', shown(key))}{cell.format('td', shown(value))}</tr>" for key, value in rows)
    return f"<table><caption>{shown(caption)}</caption>{body}</table>"
