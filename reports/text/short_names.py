"""Shorten names for the columns of a wide table, with a legend that says what they stand for."""

from collections import Counter
from collections.abc import Mapping, Sequence

from reports.text.markdown import plain, shorten

#: Longest head of a column; names that are not longer stay as they are.
LONGEST = 24
#: Longest name in a legend or a cell.
NAME = 120


def heads(names: Sequence[str], longest: int = LONGEST) -> dict[str, str]:
    """Return a short head for each name, no two alike: its last part, cut in the middle, numbered where need be.

    Examples
    --------
    >>> heads(["olmoe-aux", "moonshotai/Moonlight-16B-A3B"])
    {'olmoe-aux': 'olmoe-aux', 'moonshotai/Moonlight-16B-A3B': 'Moonlight-16B-A3B'}
    """
    short = {name: _short(name, longest) for name in names}
    often = Counter(short.values())
    unique: dict[str, str] = {}
    for name, head in short.items():
        number = 1 + sum(short[other] == head for other in unique)
        unique[name] = head if often[head] == 1 else f"{shorten(head, longest - 5)} ({number})"
    return unique


def legend(names: Sequence[str], about: Mapping[str, str], longest: int = LONGEST) -> list[str]:
    """Return a sentence for each head that does not speak for itself: the full name, and what it is."""
    known = heads(names, longest)
    says = {
        name: [*([plain(name, NAME)] if plain(name) != known[name] else []), plain(about.get(name, ""), 200)]
        for name in names
    }
    return [f"{known[name]}: {'; '.join(filter(None, told))}." for name, told in says.items() if any(told)]


def _short(name: str, longest: int) -> str:
    whole = plain(name)
    if len(whole) <= longest:
        return whole
    return shorten(whole.rstrip("/").rpartition("/")[2] or whole, longest)
