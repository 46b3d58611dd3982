"""Escape untrusted text for Markdown; code, tables and lists that no text can break.

Names of checkpoints, files and reasons come from outside. Templates and `table` pass every text through `escape`,
which leaves alone what is `Markdown` already.
"""

import re
import unicodedata
from collections.abc import Sequence

import tabulate

# Padding must not depend on whether an optional width library is installed: same records, same bytes.
tabulate.WIDE_CHARS_MODE = False

#: Longest text from outside that a heading or part of a cell carries; the rest is cut out of its middle.
LONGEST = 400
#: Longest sentence of a claim: its definition, its null, a reason. Whole, unless it is no sentence.
SENTENCE = 2000
#: What inline Markdown may read as markup. An interval such as [0.1, 0.2] cannot be a link, and stays.
_SPECIAL = re.compile(
    r"(?P<interval>\[(?:-?[\d.,e+-]+, -?[\d.,e+-]+|95 % interval|no interval)\](?![\[(]))"
    r"|[\\`*\[\]~#$]|<(?=[A-Za-z/!?]|$)|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=www)\."
)
#: What a line may not begin with: a list, a quotation, a rule or underline.
_LEADING = re.compile(r"^(?:[-+](?=[\s-]|$)|[=>]|\d+(?=[.)](?:\s|$)))")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}


class Markdown(str):
    """Finished Markdown: whatever of it came from outside is escaped."""

    __slots__ = ()


def plain(text: object, limit: int = LONGEST) -> str:
    """Return ``text`` on one line, without control or invisible characters, at most ``limit`` long."""
    return shorten(" ".join(_visible(str(text)).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text longer than ``limit``: names differ at their ends."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def escape(text: object, limit: int = LONGEST) -> Markdown:
    r"""Return ``text`` as inline Markdown that shows exactly its characters.

    `Markdown` is returned as it is. One line; no character of it starts a heading, a link, emphasis, HTML, mathematics
    or code. Pipes are left to `table`, which alone gives them a meaning.

    Examples
    --------
    >>> print(escape("`c` [d](e) <br> snake_case 0.5 [0.4, 0.6] # *"))
    \`c\` \[d\](e) \<br> snake_case 0.5 [0.4, 0.6] \# \*
    """
    if isinstance(text, Markdown):
        return text
    escaped = _SPECIAL.sub(lambda m: m[0] if m["interval"] else "\\" + m[0], plain(text, limit))
    return Markdown(_LEADING.sub(lambda m: m[0] + "\\" if m[0].isdigit() else "\\" + m[0], escaped))


def whole(text: object) -> Markdown:
    """Return one of a claim's own texts as inline Markdown, in full."""
    return escape(text, SENTENCE)


def composed(text: object) -> Markdown:
    """Return a sentence of ours as inline Markdown, however long: the names in it were shortened before."""
    return escape(text, 100_000)


def sentence(text: object) -> Markdown:
    """Return text as inline Markdown that ends in one full stop."""
    return Markdown(f"{whole(text).rstrip('.')}.")


def code(text: object) -> Markdown:
    """Return ``text`` as inline code. Not for table cells: parsers differ on a backslash before a pipe."""
    line = plain(text, SENTENCE)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return Markdown(f"{fence}{pad}{line}{pad}{fence}")


def block(text: str) -> Markdown:
    """Return ``text`` as a fenced code block; lines are kept, other control characters are not."""
    lines = [shorten(_visible(line).rstrip(), SENTENCE) for line in text.splitlines()] or [""]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown("\n".join([f"{fence}text", *lines, fence]))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> Markdown:
    r"""Return an aligned pipe table of escaped texts, columns in ``right`` aligned right; nothing without a row.

    A pipe in a cell becomes ``\|``, which divides nothing.
    """
    shown = (
        tabulate.tabulate(
            [[_cell(text) for text in row] for row in rows],
            headers=[_cell(name) for name in columns],
            tablefmt="pipe",
            disable_numparse=True,
            colalign=["right" if name in right else "left" for name in columns],
        )
        if rows
        else ""
    )
    return Markdown(shown)


def bullets(texts: Sequence[str]) -> Markdown:
    """Return texts as a list."""
    return Markdown("\n".join(f"- {escape(text)}" for text in texts))


def _cell(text: str) -> str:
    return whole(text).replace("|", "\\|")


def _visible(text: str) -> str:
    return "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
