"""A claim's page: what is said, by whom, how it is judged, and what each place gave."""

import shlex
from collections.abc import Sequence

import pandas as pd

from claims.record import Record
from reports.cells import Board, Cell
from reports.links import address
from reports.markdown import block, bullets, code, escape, table
from reports.matrix import footnotes, mark
from reports.measured import because, criteria_table, forks_table, methods, thresholds_table
from reports.names import slug
from reports.pictures import Picture, embed
from reports.places import arms, place_title, repeats
from reports.words import listed, plural, shown

#: File of records that the commands on a page name; it lies beside the report.
RECORDS = "records.jsonl"


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
        f"[The report](../{address(report)})",
        f"**{escape(record.title)}.** {escape(record.statement)}",
        block(record.equation) if record.equation.strip() else "",
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
    figures = f" (figures: {listed([escape(f) for f in record.figures], most=30)})" if record.figures else ""
    own_name = [f"Claim: {code(record.claim)}"] if slug(record.claim) != record.claim else []
    facts = [
        *own_name,
        f"Source: {escape(record.source)}{figures}",
        f"Definition: {escape(record.definition)}",
        f"The paper reports: {escape(record.paper)}",
        f"Null: {escape(record.null_says)}",
    ]
    return [fact for fact in facts if not fact.endswith(": ")]


def _on(name: str, cell: Cell) -> list[str]:
    record = cell.primary
    sensitive = ", fork-sensitive" if cell.fork_sensitive else ""
    parts = [
        f"## {place_title(name)}: {shown(record.verdict)}{sensitive}",
        _compared(record),
        _sentence("Reason", record.reason),
        criteria_table(record),
        _forks(cell),
        _certificates(name, cell),
        _expected(record),
        bullets([escape(note) for note in record.notes]),
        methods(record),
    ]
    return [part for part in parts if part]


def _compared(record: Record) -> str:
    """Say what an experiment compares, and with which checkpoints."""
    found = arms(record)
    if not found:
        return ""
    seeds = [" against ".join(escape(name, 120) for name in names) for names in repeats(record)]
    return f"Compared: {listed([escape(arm, 60) for arm in found])}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."


def _sentence(head: str, text: str) -> str:
    return f"{head}: {escape(text, 2000).rstrip('.')}." if text.strip() else ""


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
        f"{code(RECORDS)}; recheck with\n\n" + block(f"python -m claims.recheck {RECORDS} {wanted}")
    )
