"""A paper's page: figure by figure, what it shows beside what was measured. It counts verdicts and makes none."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from claims.record import Record
from reports.agreement import WORD, in_sum, outcome
from reports.cells import Board, Cell, fork_name
from reports.claim_page import place_title
from reports.links import address, details_file, reference, references
from reports.markdown import bullets, escape, plain, table
from reports.matrix import FORK_SIGN
from reports.measured import because, telling
from reports.numbers import ABSENT, claimed
from reports.paper import Entry, Paper, Status, labels_of
from reports.pictures import Picture
from reports.places import arms, is_control, repeats
from reports.scale import here_and_there, measured_on
from reports.words import listed, plural

#: Width of a picture on the page, in pixels; it leads to the claim's page, which shows it whole.
THUMB = 320
#: Longest text of a paper's file that is shown.
LONG = 2000
TOLD = {
    Status.PAPER: "The paper",
    Status.READ: "Readers of it",
    Status.RECONSTRUCTED: "Reconstructed here",
}
Drawn = Mapping[str, Sequence[Picture]]


def concerns(paper: Paper, board: Board) -> bool:
    """Tell whether any claim of a run belongs to a paper."""
    return any(_claims(paper, entry, board) for entry in (*paper.figures, *paper.statements))


def paper_page(paper: Paper, board: Board, drawn: Drawn, report: str) -> str:
    """Return the page of a paper, one folder below the report.

    Parameters
    ----------
    paper : what the paper shows
    board : the run
    drawn : the pictures of each claim
    report : file name of the report
    """
    entries = [*paper.figures, *paper.statements]
    told = [record for record in board.claims if any(record in _claims(paper, e, board) for e in entries)]
    parts = [
        f"# {escape(paper.label)}, figure by figure",
        f"{escape(paper.title)} ({escape(paper.authors)}; {escape(paper.source)}). {escape(paper.note, LONG)}",
        f"[The report](../{address(report)}) has the whole matrix, and where the numbers come from.",
        _overview(paper, entries, board),
        _words(),
        measured_on(board),
        "## Figures",
        *(part for entry in paper.figures for part in _section(paper, entry, board, drawn)),
        "## Statements",
        *(part for entry in paper.statements for part in _section(paper, entry, board, drawn)),
        references(told, "../"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _claims(paper: Paper, entry: Entry, board: Board) -> list[Record]:
    return [
        record
        for record in board.claims
        if record.claim in entry.claims or labels_of(paper.label, record.figures) & entry.labels
    ]


def _overview(paper: Paper, entries: Sequence[Entry], board: Board) -> str:
    rows = []
    for entry in entries:
        found = _claims(paper, entry, board)
        told = listed([reference(r.claim) for r in found], most=12) if found else ABSENT
        result = _sum(paper, found, board) if found else "no claim" if entry.unclaimed else "not in this run"
        anchor = re.sub(r"[^a-z0-9 -]", "", entry.name.lower()).replace(" ", "-")
        rows.append([f"[{escape(entry.name)}](#{anchor})", escape(entry.title), told, result])
    return table(pd.DataFrame(rows, columns=["", "what it shows", "claims", "in sum"]))


def _words() -> str:
    return (
        f"One count is one claim on one checkpoint, dense model or experiment. {_meaning()} "
        f"The words are those of the claims' verdicts, no more; {FORK_SIGN} marks one that another reading of the "
        "definition changes. Where somebody else asserts a claim, it says who."
    )


def _meaning() -> str:
    words = [f"**{word}**: {verdict}" for verdict, word in WORD.items() if word != verdict]
    return "; ".join(words) + "."


def _section(paper: Paper, entry: Entry, board: Board, drawn: Drawn) -> list[str]:
    found = _claims(paper, entry, board)
    parts = [
        f"### {escape(entry.name)}",
        f"**{escape(entry.title)}.**",
        bullets(_shows(paper, entry)),
        _measured(paper, found, board),
        here_and_there(paper, entry, found, board),
        _thumbs(paper, entry, found, drawn),
    ]
    if not found:
        parts.append(_unmeasured(entry))
    return [part for part in parts if part]


def _shows(paper: Paper, entry: Entry) -> list[str]:
    models = listed([f"{escape(name)} ({paper.sizes[name]:g} B)" for name in entry.models], most=12)
    facts = [f"{TOLD[status]}: {escape(text, LONG)}" for status, text in entry.shows.items()]
    if entry.models or entry.is_figure:
        facts.append(f"Models: {models}." if entry.models else "Models: not named in what we could read.")
    return [*facts, *([f"Data: {escape(entry.data, LONG)}."] if entry.data else [])]


def _unmeasured(entry: Entry) -> str:
    if entry.unclaimed:
        return f"No claim encodes it: {escape(entry.unclaimed, LONG)}."
    return "Nothing that belongs to it was measured in this run."


def _measured(paper: Paper, found: Sequence[Record], board: Board) -> str:
    if not found:
        return ""
    rows = [row for record in found for row in _rows(paper, record, board)]
    frame = pd.DataFrame(rows, columns=["claim", "on", "outcome", "measured [95 % interval]", "claimed"])
    told = bullets([_encodes(paper, record, board) for record in found])
    return f"Measured here:\n\n{told}\n\n{table(frame)}"


def _encodes(paper: Paper, record: Record, board: Board) -> str:
    """Say what a claim is, whose reading it is, what came out in sum, and its null in half a sentence."""
    reading = paper.readings.get(record.claim)
    whose = f"; {escape(reading.says)}" if reading else ""
    null = _half(record.null_says)
    return (
        f"{reference(record.claim)}: {escape(record.title)}{whose}. In sum: {_sum(paper, [record], board)}."
        + _other_readings(paper, record, board)
        + (f" Null: {escape(null)}." if null else "")
    )


def _other_readings(paper: Paper, record: Record, board: Board) -> str:
    """Say what the other readings gave, where any of them departs from the deciding one."""
    cells = [cell for _, cell in board.of_claim(record.claim)]
    if not any(cell.fork_sensitive for cell in cells):
        return ""
    found: dict[str, list[Record]] = {}
    for other in (other for cell in cells for other in cell.others):
        found.setdefault(fork_name(other), []).append(other)
    side = paper.side(record.claim)
    said = [f"{escape(name)} ({in_sum((r.verdict, side) for r in others)})" for name, others in found.items()]
    return f" Read otherwise: {listed(said, most=4)}."


def _rows(paper: Paper, record: Record, board: Board) -> list[list[str]]:
    """One row an outcome and number, naming the places that share it; the claim is named in its first."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, cell in board.of_claim(record.claim):
        criterion, _ = telling(cell.primary)
        side = claimed(criterion) if criterion else ABSENT
        said = (_outcome(paper, cell), because(cell.primary) or ABSENT, side)
        alike.setdefault(said, []).append(_place(board, name, cell))
    first = [reference(record.claim), *([""] * (len(alike) - 1))]
    return [[claim, listed(names, most=12), *said] for claim, (said, names) in zip(first, alike.items(), strict=True)]


def _place(board: Board, name: str, cell: Cell) -> str:
    """Return a place as a row names it; an experiment with its arms and seeds."""
    compared, seeds = arms(cell.primary), len(repeats(cell.primary))
    beside = f" ({' / '.join(escape(arm, 60) for arm in compared)}; {plural(seeds, 'seed')})" if compared else ""
    return place_title(board, name) + beside


def _outcome(paper: Paper, cell: Cell) -> str:
    sign = f" {FORK_SIGN}" if cell.fork_sensitive else ""
    return outcome(cell.verdict, paper.side(cell.primary.claim)) + sign


def _sum(paper: Paper, found: Sequence[Record], board: Board) -> str:
    """Count the outcomes of some claims, those on untrained controls apart."""
    cells = [cell.primary for record in found for _, cell in board.of_claim(record.claim)]
    trained, control = (
        in_sum((r.verdict, paper.side(r.claim)) for r in cells if is_control(r) == wanted) for wanted in (False, True)
    )
    parts = [trained, f"untrained control: {control}" if control else ""]
    return "; ".join(part for part in parts if part) or ABSENT


def _half(sentence: str) -> str:
    """Return a sentence up to its first full stop, colon or semicolon."""
    half = re.split(r"[.;:](?:\s|$)", plain(sentence, 160), maxsplit=1)[0]
    return "none" if half == "None" else half


def _thumbs(paper: Paper, entry: Entry, found: Sequence[Record], drawn: Drawn) -> str:
    """Our own figures, small, each leading to its claim's page; of a claim that redraws another figure, its first."""
    shown = []
    for record in found:
        good = [p for p in drawn.get(record.claim, ()) if p.redraws and not p.trouble]
        own = [p for p in good if labels_of(paper.label, p.redraws) & entry.labels]
        shown += [_thumb(record, picture) for picture in own or good[:1]]
    return " ".join(shown)


def _thumb(record: Record, picture: Picture) -> str:
    text = re.sub(r"[^\w .,;-]", lambda m: f"&#{ord(m[0])};", plain(picture.caption))
    return f'<a href="../{details_file(record.claim)}"><img src="../{picture.file}" width="{THUMB}" alt="{text}"></a>'
