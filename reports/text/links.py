"""Links between the pages of a report: the report itself, a page a claim, a page a paper."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from claims.core.record import Record
from reports.text.markdown import Markdown, escape
from reports.text.slugs import slug
from reports.text.vocabulary import listed

#: Folders beside the report, of claims' and of papers' pages; not ``claims``, which may be there with other files.
DETAILS = "details"
PAPERS = "papers"


def reference(claim: str) -> Markdown:
    """Return a link to a claim's page, in the short form that reads as plain text too."""
    return Markdown(f"[{slug(claim)}]")


def links(claims: Sequence[str]) -> Markdown:
    """Return links to several claims' pages; of more than a few the first, and how many more."""
    return Markdown(listed(list(map(reference, claims))))


def references(claims: Iterable[Record], up: str = "") -> Markdown:
    """Return the link definitions that `reference` needs, once at the end of a page; ``up`` leads to the report.

    A link's title, which a reader sees on pointing at it, is what the claim says, without what would end a quotation.
    """
    titles = {r.claim: escape(r.title.replace('"', "'")) for r in claims}
    return Markdown("\n".join(f'{reference(c)}: {up}{details_file(c)} "{says}"' for c, says in titles.items()))


def details_file(claim: str) -> Markdown:
    """Return the file of a claim's page, from the report's folder."""
    return Markdown(f"{DETAILS}/{slug(claim)}.md")


def address(name: str) -> Markdown:
    """Return a file name as the target of a link."""
    return Markdown(quote(name))
