"""A claim's page: what is said, by whom, how it is judged, and what each place gave."""

import shlex
from collections.abc import Sequence
from functools import partial

import pandas as pd

from claims.record import Record
from reports.cells import Board, Cell
from reports.links import address
from reports.markdown import SENTENCE, block, bullets, code, escape, table
from reports.matrix import footnotes, mark
from reports.measured import because, criteria_table, forks_table, methods, thresholds_table
from reports.names import slug
from reports.pictures import Picture, embed
from reports.places import place_title
from reports.sentences import compared, equation, facts, unbroken
from reports.words import shown

#: File of records that the commands on a page name; it lies beside the report.
RECORDS = "records.jsonl"
#: A claim's own texts are shown whole.
_whole = partial(escape, limit=SENTENCE)


def claim_page(board: Board, record: Record, drawn: Sequence[Picture], report: str) -> str:
    """Return the page of one claim, one folder below the report.

    Parameters
    ----------
    board : the run
    record : any record of the claim
    drawn : the claim's pictures
    report : file name of the report
    """
    places = board.of_claim(record.claim)
    records = [r for _, cell in places for r in cell.records]
    parts = [
        f"# {slug(record.claim)}",
        f"[The report](../{address(report)}); [what the words mean](../{address(report)}#what-the-words-mean)",
        f"**{escape(record.title)}.** {_whole(record.statement)}",
        block("\n".join(equation(record))) if record.equation.strip() else "",
        bullets(_facts(record)),
        thresholds_table(records),
        _glance(places),
        *(embed(picture, "../") for picture in drawn),
        *(part for name, cell in places for part in _on(name, cell)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _glance(places: Sequence[tuple[str, Cell]]) -> str:
    """Every place's verdict and the number that made it, where there is more than one place."""
    if len(places) < 2:
        return ""
    rows = [[place_title(name), mark(cell), because(cell.primary)] for name, cell in places]
    notes = footnotes([cell for _, cell in places])
    return "\n\n".join([table(pd.DataFrame(rows, columns=["on", "verdict", "because"])), *notes])


def _facts(record: Record) -> list[str]:
    own_name = [f"Claim: {code(record.claim)}"] if slug(record.claim) != record.claim else []
    return [*own_name, *(f"{name}: {text}" for name, text in facts(record, _whole))]


def _on(name: str, cell: Cell) -> list[str]:
    record = cell.primary
    sensitive = ", fork-sensitive" if cell.fork_sensitive else ""
    parts = [
        f"## {place_title(name)}: {shown(record.verdict)}{sensitive}",
        compared(record, escape),
        f"Reason: {_whole(record.reason).rstrip('.')}." if record.reason.strip() else unbroken(record),
        criteria_table(record),
        _forks(cell),
        _certificates(name, cell),
        _expected(record),
        bullets([_whole(note) for note in record.notes]),
        methods(record),
    ]
    return [part for part in parts if part]


def _expected(record: Record) -> str:
    met = record.expected is None or record.expected == record.verdict
    return "" if met else f"Expected verdict: {escape(record.expected)}."


def _forks(cell: Cell) -> str:
    return f"Every reading of the definition:\n\n{forks_table(cell)}" if cell.others else ""


def _certificates(name: str, cell: Cell) -> str:
    return "\n\n".join(_certificate(name, r) for r in cell.records if r.certificate is not None)


def _certificate(name: str, record: Record) -> str:
    certificate = record.certificate
    if certificate is None:
        return ""
    reading = f" (reading: {escape(record.key[2])})" if record.key[2] else ""
    wanted = f"--claim {shlex.quote(record.claim)} --checkpoint {shlex.quote(name)}"
    return (
        f"Counterexample{reading}: {escape(certificate.says).rstrip('.')}. "
        f"Arrays in {code(certificate.file)} (sha256 {code(certificate.sha256[:16])}…), beside the report's "
        f"{code(RECORDS)}; to recheck them, in the checkout, with the path of that file:\n\n"
        + block(f"python -m claims.recheck {RECORDS} {wanted}")
    )
