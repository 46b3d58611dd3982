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
    return [t for t in tables if len({dividers(row) for row in t.splitlines()}) > 1]


def broken_links(folder: Path) -> list[str]:
    """Return what leads nowhere: files that are not there, headings that do not exist, references undefined."""
    return [f"{page.name}: {bad}" for page in sorted(folder.rglob("*.md")) for bad in _broken(page)]


def _broken(page: Path) -> list[str]:
    text = prose(page.read_text(encoding="utf-8"))
    defined = dict(re.findall(r'^\[([a-z0-9-]+)\]: (\S+) "[^"\n]+"$', text, re.MULTILINE))
    used = set(re.findall(r"(?<![\\!\]])\[([a-z][a-z0-9-]*)\](?![\[(:])", text))
    targets = re.findall(r"(?<!\\)\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    lost = [target for target in (*targets, *defined.values()) if not _leads(page, target)]
    return [*sorted(used - defined.keys()), *lost]


def _leads(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = page.parent / unquote(name) if name else page
    if not file.is_file():
        return False
    headings = re.findall(r"^#+ (.+)$", prose(file.read_text(encoding="utf-8")), re.MULTILINE) if anchor else []
    return not anchor or anchor in map(_anchor, headings)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def dividers(row: str) -> int:
    """Count the pipes of a row that divide cells: one after a backslash divides nothing."""
    return len(re.findall(r"(?<!\\)\|", re.sub(r"\\[^|]", "", row)))


def rows(text: str) -> list[list[str]]:
    """Return the cells of a page's table rows."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
