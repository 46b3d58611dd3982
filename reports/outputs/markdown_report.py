"""The report: records in; ``report.md``, a page a claim, a page a paper and the figures out.

Pure: the same records give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

from claims.core.record import Record
from fixtures.files.whole_files import write_whole
from reports.data.board import Board, board
from reports.data.completeness import Completeness
from reports.data.places import Kind, needs_more
from reports.figures.all_claims import all_pictures
from reports.pages.claim import claim_page
from reports.pages.findings import findings
from reports.pages.glossary import glossary
from reports.pages.matrix import tables
from reports.pages.not_measured import silent, untried
from reports.pages.provenance import provenance
from reports.pages.summary import alarms, paragraph
from reports.pages.takeaway import CHOSEN, takeaways
from reports.papers.page import paper_page
from reports.papers.paper import Page
from reports.papers.paper_file import pages
from reports.papers.tables import claims_on
from reports.text.figure_labels import cited
from reports.text.links import PAPERS, details_file, reference, references
from reports.text.templates import fill

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
    drawn = all_pictures(run, folder)
    for record in run.claims:
        write_whole(folder / details_file(record.claim), claim_page(run, record, drawn[record.claim], name))
    told = [page for page in pages() if claims_on(page, run)]
    for page in told:
        write_whole(folder / PAPERS / f"{page.slug}.md", paper_page(page, run, drawn, name))
    write_whole(folder / name, _report(run, completeness, told))
    return folder / name


def _report(run: Board, completeness: Completeness | None, told: Sequence[Page]) -> str:
    return fill(
        "report.md.j2",
        title=TITLE,
        takeaways=takeaways(run),
        chosen=CHOSEN,
        summary=paragraph(run),
        alarms=alarms(run),
        completeness=completeness,
        papers=told,
        tables=tables(run),
        says=_says(run),
        findings=findings(run),
        silent=silent(run),
        untried=untried(run),
        provenance=provenance(run),
        words=glossary(run),
        references=references(run.claims),
    )


def _says(run: Board) -> list[list[str]]:
    """Return what each claim that was asked says and where; those on generated cases have it in their own table."""
    told = [
        r
        for r in run.claims
        if any(run.kinds[name] != Kind.GENERATED and not needs_more(c.primary) for name, c in run.of_claim(r.claim))
    ]
    return [[reference(r.claim), r.title, cited(r.figures) if r.figures else r.source] for r in told]
