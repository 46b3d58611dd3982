"""The report: records in; ``report.md``, a page a claim, a page a paper and the figures out.

Pure: the same records give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from claims.core.record import Record
from reports.data.board import Board, board
from reports.data.completeness import Completeness
from reports.data.places import Kind
from reports.figures.claim_figures import Picture, pictures
from reports.pages.claim import claim_page
from reports.pages.findings import findings
from reports.pages.glossary import glossary
from reports.pages.matrix import tables
from reports.pages.not_measured import absent
from reports.pages.provenance import provenance
from reports.pages.summary import paragraph
from reports.papers.page import concerns, paper_page
from reports.papers.paper import Page
from reports.papers.paper_file import pages
from reports.text.figure_labels import cited
from reports.text.files import write_whole
from reports.text.links import PAPERS, details_file, reference, references
from reports.text.markdown import bullets, escape, table

TITLE = "Published claims about Mixture-of-Experts routing: what was measured"


def render(
    records: Sequence[Record],
    folder: Path,
    completeness: Completeness | None = None,
    name: str = "report.md",
) -> Path:
    """Write the report of a run, its pages and its figures; the report last, so that its links lead somewhere.

    Parameters
    ----------
    records : the records of a run, in any order
    folder : where ``name``, ``details/``, ``papers/`` and ``figures/`` go; made when it does not exist
    completeness : how many of the selected claims left a record, when that is known
    name : file name of the report

    Returns
    -------
    The path of the report.

    Raises
    ------
    ValueError
        When there is no record.
    OSError
        When the folder cannot be written to.
    """
    if not records:
        raise ValueError("there is no record to report")
    run = board(records)
    drawn = {record.claim: pictures(run, record, folder) for record in run.claims}
    _write_details(run, drawn, folder, name)
    told = [page for page in pages() if concerns(page, run)]
    for page in told:
        write_whole(folder / _page_file(page), paper_page(page, run, drawn, name))
    write_whole(folder / name, _report(run, completeness, told))
    return folder / name


def _write_details(run: Board, drawn: dict[str, list[Picture]], folder: Path, name: str) -> None:
    for record in run.claims:
        write_whole(folder / details_file(record.claim), claim_page(run, record, drawn[record.claim], name))


def _report(run: Board, completeness: Completeness | None, told: Sequence[Page]) -> str:
    recorded = f"{completeness.sentence.capitalize()}." if completeness else ""
    links = [f"[{page.title}]({_page_file(page)})" for page in told]
    beside = f"Beside the papers: {'; '.join(links)}." if links else ""
    parts = [f"# {TITLE}", paragraph(run), " ".join(part for part in (recorded, beside) if part)]
    for title, content in (
        *tables(run),
        ("What the claims say", _says(run)),
        ("Worth reading first", findings(run)),
        ("What gave no verdict, and why", absent(run, completeness)),
        ("Where the numbers come from", provenance(run)),
        ("What the words mean", bullets([f"**{word}**: {meaning}" for word, meaning in glossary(run)])),
    ):
        parts += [f"## {title}", content] if content else []
    return "\n\n".join(part for part in [*parts, references(run.claims)] if part) + "\n"


def _page_file(page: Page) -> str:
    return f"{PAPERS}/{page.slug}.md"


def _says(run: Board) -> str:
    """Return what each claim says and where; those on generated cases have it in their own table."""
    told = [r for r in run.claims if any(run.kinds[name] != Kind.GENERATED for name, _ in run.of_claim(r.claim))]
    rows = [[reference(r.claim), escape(r.title), escape(cited(r.figures) or r.source)] for r in told]
    return table(pd.DataFrame(rows, columns=["claim", "what it says", "source"])) if rows else ""
