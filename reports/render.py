"""The report: records in, ``report.md`` and its figures out. Pure: the same records give the same bytes."""

from collections.abc import Sequence
from pathlib import Path

from claims.record import Record
from claims.verdict import Verdict
from reports.absent import absent
from reports.cells import Board, board
from reports.claim_page import claim_section
from reports.completeness import Completeness
from reports.files import write_whole
from reports.findings import findings
from reports.markdown import bullets
from reports.matrix import group_title, identities, matrices, references
from reports.pictures import pictures
from reports.provenance import provenance
from reports.summary import paragraph
from reports.words import MEANING, shown

TITLE = "Published claims about Mixture-of-Experts routing: what was measured"


def render(
    records: Sequence[Record],
    folder: Path,
    completeness: Completeness | None = None,
    name: str = "report.md",
) -> Path:
    """Write the report of a run and its figures.

    Parameters
    ----------
    records : the records of a run, in any order
    folder : where ``name`` and ``figures/`` go; made when it does not exist
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
    parts = [f"# {TITLE}", paragraph(run)]
    parts += [completeness.sentence.capitalize() + "."] if completeness else []
    parts += _overview(run)
    parts += _sections(run, folder)
    parts += ["## What gave no verdict, and why", absent(run, completeness)]
    parts += ["## Where the numbers come from", provenance(run)]
    parts += ["## What the words mean", _meanings(), references(run)]
    write_whole(folder / name, "\n\n".join(part for part in parts if part) + "\n")
    return folder / name


def _overview(run: Board) -> list[str]:
    matrix, generated = matrices(run), identities(run)
    parts = ["## Claims by checkpoints", matrix] if matrix else []
    parts += ["## Identities, on generated cases", generated] if generated else []
    return [*parts, "## Worth reading first", findings(run)]


def _sections(run: Board, folder: Path) -> list[str]:
    sections: list[str] = []
    group = None
    for record in run.claims:
        if record.group != group:
            group = record.group
            sections.append(f"## {group_title(group)}")
        sections.append(claim_section(run, record, pictures(run, record, folder)))
    return sections


def _meanings() -> str:
    return bullets(
        [f"**{shown(verdict)}**: {MEANING[verdict]}." for verdict in Verdict]
        + [
            "**value [95 % interval]**: resampled over sequences, questions or seeds, never over tokens; "
            "a number without an interval is an exact count.",
            "**p (Holm)**: one-sided, for the claimed side, adjusted over the deciding criteria of the run.",
            "**not deciding**: reported beside the deciding criteria, and no part of the verdict.",
        ]
    )
