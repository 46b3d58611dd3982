"""A claim's section: what is said, by whom, how it is judged, and what each checkpoint gave."""

import shlex

from claims.record import Record
from reports.cells import Board, Cell
from reports.markdown import block, bullets, code, escape
from reports.measured import criteria_table, forks_table, methods, thresholds_table
from reports.names import slug
from reports.words import GENERATED, listed, shown

#: File of records that the commands in a report name; it lies beside the report.
RECORDS = "records.jsonl"


def claim_section(board: Board, record: Record, pictures: str) -> str:
    """Return the section of one claim; ``pictures`` is the finished Markdown of its figures."""
    places = board.of_claim(record.claim)
    records = [r for _, cell in places for r in cell.records]
    parts = [
        f"### {slug(record.claim)}",
        f"**{escape(record.title)}.** {escape(record.statement)}",
        block(record.equation) if record.equation.strip() else "",
        bullets(_facts(record)),
        thresholds_table(records),
        pictures,
        *(part for name, cell in places for part in _on_checkpoint(record.claim, name, cell)),
    ]
    return "\n\n".join(part for part in parts if part)


def _facts(record: Record) -> list[str]:
    figures = f" (figures: {listed([escape(f) for f in record.figures])})" if record.figures else ""
    own_name = [f"Claim: {code(record.claim)}"] if slug(record.claim) != record.claim else []
    facts = [
        *own_name,
        f"Source: {escape(record.source)}{figures}",
        f"Definition: {escape(record.definition)}",
        f"The paper reports: {escape(record.paper)}",
        f"Null: {escape(record.null_says)}",
    ]
    return [fact for fact in facts if not fact.endswith(": ")]


def _on_checkpoint(claim: str, name: str, cell: Cell) -> list[str]:
    record = cell.primary
    place = "generated cases" if name == GENERATED else escape(name, 120)
    sensitive = ", fork-sensitive" if cell.fork_sensitive else ""
    parts = [
        f"#### {place}: {shown(record.verdict)}{sensitive}",
        _sentence("Reason", record.reason),
        criteria_table(record),
        _forks(cell),
        _certificates(claim, name, cell),
        _expected(record),
        bullets([escape(note) for note in record.notes]),
        methods(record),
    ]
    return [part for part in parts if part]


def _sentence(head: str, text: str) -> str:
    return f"{head}: {escape(text, 2000).rstrip('.')}." if text.strip() else ""


def _expected(record: Record) -> str:
    met = record.expected is None or record.expected == record.verdict
    return "" if met else f"Expected verdict: {escape(record.expected)}."


def _forks(cell: Cell) -> str:
    return f"Every reading of the definition:\n\n{forks_table(cell)}" if cell.others else ""


def _certificates(claim: str, name: str, cell: Cell) -> str:
    return "\n\n".join(_certificate(claim, name, r) for r in cell.records if r.certificate is not None)


def _certificate(claim: str, name: str, record: Record) -> str:
    certificate = record.certificate
    if certificate is None:
        return ""
    reading = f" (reading: {escape(record.key[2])})" if record.key[2] else ""
    wanted = f"--claim {shlex.quote(claim)} --checkpoint {shlex.quote(name)}"
    return (
        f"Counterexample{reading}: {escape(certificate.says).rstrip('.')}. "
        f"Arrays in {code(certificate.file)} (sha256 {code(certificate.sha256[:16])}…); recheck with\n\n"
        + block(f"python -m claims.recheck {RECORDS} {wanted}")
    )
