"""Read the labels of figures (``GEO Figs 16-19``) in what claims and papers say, and cite them."""

import re
from collections.abc import Iterable

from reports.text.markdown import plain
from reports.text.vocabulary import listed, ranges

#: ``16``, ``16-22``, ``16 to 22``; and a list of those after ``Fig.``.
_RUN = re.compile(r"(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?")
_NUMBERS = re.compile(rf"Figs?\.?\s*({_RUN.pattern}(?:\s*(?:,|and|&)\s*{_RUN.pattern})*)")
_ONE = re.compile(r"(\w+) Fig\. (\d{1,3})")


def labels_of(paper: str, texts: Iterable[str]) -> set[str]:
    """Return the labels of a paper's figures and statements among `Record.figures`; what follows it is left.

    Examples
    --------
    >>> sorted(labels_of("GEO", ["GEO Figs 24-25, at v_1", "GEO Prop. 1", "ASY claim C, spectra"]))
    ['Fig. 24', 'Fig. 25', 'Prop. 1']
    >>> labels_of("ASY", ["ASY claim C, spectra"])
    {'claim C'}
    """
    found: set[str] = set()
    for text in texts:
        name, _, rest = plain(text).partition(" ")
        numbers = _NUMBERS.match(rest)
        if name == paper and numbers:
            for first, last in _RUN.findall(numbers[1]):
                found |= {f"Fig. {number}" for number in range(int(first), int(last or first) + 1)}
        elif name == paper and rest:
            found.add(rest.partition(",")[0])
    return found


def cited(figures: Iterable[str]) -> str:
    """Return `Record.figures` as a sentence names them, the figures of one paper together.

    Examples
    --------
    >>> cited(["GEO Prop. 2", "GEO Fig. 16", "GEO Fig. 17", "GEO Fig. 18", "PRB finding iii"])
    'GEO Prop. 2, GEO Figs 16 to 18 and PRB finding iii'
    """
    numbers: dict[str, list[int]] = {}
    for text in figures:
        one = _ONE.fullmatch(text)
        found = numbers.setdefault(one[1] if one else text, [])
        found += [int(one[2])] if one else []
    said = [f"{name} Fig{'s' if len(n) > 1 else '.'} {ranges(n)}" if n else name for name, n in numbers.items()]
    return listed(said, most=30)
