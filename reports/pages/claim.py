"""A claim's page: what is said, by whom, how it is judged, and what each place gave."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind, arms, kind_of, place_title, repeats
from reports.figures.claim_figures import Picture, embed
from reports.pages.criteria import because, criteria_table, forks_table, methods, thresholds_table
from reports.pages.matrix import footnotes, mark
from reports.text.figure_labels import cited
from reports.text.links import address
from reports.text.markdown import SENTENCE, block, bullets, code, escape, table
from reports.text.slugs import slug
from reports.text.vocabulary import listed, plural, shown

Say = Callable[[str], str]


def facts(record: Record, say: Say) -> list[tuple[str, str]]:
    """Return (name, text) of where a claim comes from, how it is read and what it is held against."""
    figures = f" (figures: {say(cited(record.figures))})" if record.figures else ""
    found = (
        ("Source", say(record.source) + figures),
        ("Definition", say(record.definition)),
        ("The paper reports", say(record.paper)),
        ("Null", say(record.null_says)),
    )
    return [(name, text) for name, text in found if text.strip()]


def equation(record: Record) -> list[str]:
    """Return the lines of an equation, a new one for each of its parts; none where there is none."""
    return [line for part in record.equation.replace(";  ", ";\n").splitlines() if (line := part.rstrip())]


def compared(record: Record, say: Say) -> str:
    """Say what an experiment compares, and with which checkpoints; "" for what is no experiment."""
    found = arms(record)
    if not found:
        return ""
    seeds = [" against ".join(say(name) for name in names) for names in repeats(record)]
    return (
        f"Compared: {listed([say(arm) for arm in found], most=30)}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."
    )


def unbroken(record: Record) -> str:
    """Say what supports a claim that has no number: no case against it was found; "" for any other."""
    if record.criteria or record.verdict != Verdict.SUPPORTED or kind_of(record) != Kind.GENERATED:
        return ""
    return "None of the cases that were generated for it contradicts it."


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
