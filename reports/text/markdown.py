"""Markdown that stays Markdown whatever the text: escaping, code, tables, links.

Names of checkpoints, files and reasons come from outside. Every one of them passes through `escape` (or
through `code`, `block`) before it reaches a page.
"""

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd
import tabulate

# Padding must not depend on whether an optional width library is installed: same records, same bytes.
tabulate.WIDE_CHARS_MODE = False

#: Longest text that a table cell or heading carries; the rest is cut out of its middle.
LONGEST = 400
#: Longest sentence of a claim: its definition, its null, a reason. Whole, unless it is no sentence.
SENTENCE = 2000
#: What inline Markdown may read as markup. An interval such as [0.1, 0.2] cannot be a link, and stays.
_SPECIAL = re.compile(
    r"(?P<interval>\[-?[\d.,e+-]+, -?[\d.,e+-]+\](?![\[(]))"
    r"|[\\`*\[\]~#$]|<(?=[A-Za-z/!?]|$)|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=www)\."
)
#: What a line may not begin with: a list, a quotation, a rule or underline.
_LEADING = re.compile(r"^(?:[-+](?=[\s-]|$)|[=>]|\d+(?=[.)](?:\s|$)))")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}


def plain(text: object, limit: int = LONGEST) -> str:
    """Return ``text`` on one line, without control or invisible characters, at most ``limit`` long."""
    return shorten(" ".join(_visible(str(text)).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text longer than ``limit``: names differ at their ends."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def escape(text: object, limit: int = LONGEST) -> str:
    r"""Return ``text`` as inline Markdown that shows exactly its characters.

    One line; no character of it starts a heading, a link, emphasis, HTML, mathematics or code. Pipes are left
    to `table`, which alone gives them a meaning.

    Examples
    --------
    >>> print(escape("`c` [d](e) <br> snake_case 0.5 [0.4, 0.6] # *"))
    \`c\` \[d\](e) \<br> snake_case 0.5 [0.4, 0.6] \# \*
    """
    escaped = _SPECIAL.sub(lambda m: m[0] if m["interval"] else "\\" + m[0], plain(text, limit))
    return _LEADING.sub(lambda m: m[0] + "\\" if m[0].isdigit() else "\\" + m[0], escaped)


def code(text: object) -> str:
    """Return ``text`` as inline code. Not for table cells: parsers differ on a backslash before a pipe."""
    line = plain(text, SENTENCE)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str) -> str:
    """Return ``text`` as a fenced code block; lines are kept, other control characters are not."""
    lines = [shorten(_visible(line).rstrip(), SENTENCE) for line in text.splitlines()] or [""]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def table(frame: pd.DataFrame, right: Sequence[str] = ()) -> str:
    r"""Return a frame of finished Markdown cells as an aligned pipe table; columns in ``right`` align right.

    A pipe in a cell becomes ``\|``, which divides nothing.

    Parameters
    ----------
    frame : every cell and every column name a string without line breaks
    right : names of the columns of numbers
    """
    return tabulate.tabulate(
        [[_cell(text) for text in row] for row in frame.to_numpy().tolist()],
        headers=[_cell(name) for name in frame.columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if name in right else "left" for name in frame.columns] if len(frame) else None,
    )


def bullets(sentences: Sequence[str]) -> str:
    """Return finished Markdown sentences as a list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|")


def _visible(text: str) -> str:
    return "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
