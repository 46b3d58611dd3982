"""Links between the pages of a report: the report itself, a page a claim, a page a paper."""

from collections.abc import Iterable
from urllib.parse import quote

from claims.core.record import Record
from reports.text.markdown import escape
from reports.text.slugs import slug

#: Folders beside the report, of claims' and of papers' pages; not ``claims``, which may be there with other files.
DETAILS = "details"
PAPERS = "papers"


def reference(claim: str) -> str:
    """Return a link to a claim's page, in the short form that reads as plain text too."""
    return f"[{slug(claim)}]"


def references(claims: Iterable[Record], up: str = "") -> str:
    """Return the link definitions that `reference` needs, once at the end of a page; ``up`` leads to the report.

    A link's title, which a reader sees on pointing at it, is what the claim says.
    """
    return "\n".join(f'[{slug(r.claim)}]: {up}{details_file(r.claim)} "{_title(r.title)}"' for r in claims)


def _title(text: str) -> str:
    """Return text that ends no quotation."""
    return escape(text.replace('"', "'"))


def details_file(claim: str) -> str:
    """Return the file of a claim's page, from the report's folder."""
    return f"{DETAILS}/{slug(claim)}.md"


def address(name: str) -> str:
    """Return a file name as the target of a link."""
    return quote(name)
