"""What any page of a report must satisfy, as lists of what is wrong."""

import re
from pathlib import Path
from urllib.parse import unquote


def prose(text: str) -> str:
    """Return a page without its code."""
    return re.sub(r"(?s)^(`{3,})text\n.*?^\1$|`+[^\n]*?`+(?!`)", "", text, flags=re.MULTILINE)


def ragged_tables(text: str) -> list[str]:
    """Return the tables whose rows differ in their number of cells."""
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [t for t in tables if len({_cells(row) for row in t.splitlines()}) > 1]


def broken_links(folder: Path) -> list[str]:
    """Return what leads nowhere: files that are not there, headings that do not exist, references undefined."""
    return [f"{page.name}: {bad}" for page in sorted(folder.rglob("*.md")) for bad in _broken(page)]


def _broken(page: Path) -> list[str]:
    text = prose(page.read_text(encoding="utf-8"))
    defined = dict(re.findall(r"^\[([a-z0-9-]+)\]: (\S+)$", text, re.MULTILINE))
    used = set(re.findall(r"(?<![\\!\]])\[([a-z][a-z0-9-]*)\](?![\[(:])", text))
    headings = {_anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    targets = re.findall(r"(?<!\\)\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    inside = [t for t in targets if t.startswith("#") and t[1:] not in headings]
    outside = [t for t in (*targets, *defined.values()) if not t.startswith("#")]
    lost = [target for target in outside if not (page.parent / unquote(target)).is_file()]
    return [*sorted(used - defined.keys()), *inside, *lost]


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", re.sub(r"\\[^|]", "", row)))
