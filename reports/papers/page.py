"""A paper's page: figure by figure, or claim by claim, what it shows beside what was measured.

It counts verdicts and makes none.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from claims.core.record import Record
from reports.data.board import Board, Cell, fork_name
from reports.data.places import arms, place_title, repeats
from reports.figures.claim_figures import Picture
from reports.pages.criteria import because, telling
from reports.pages.matrix import FORK_SIGN
from reports.papers.agreement import WORD, in_sum, outcome
from reports.papers.paper import Entry, Page, Paper, Status
from reports.papers.scale import here_and_there, measured_on
from reports.papers.tables import claims_of, claims_on, overview, readings, sum_of
from reports.text.figure_labels import labels_of
from reports.text.links import address, details_file, reference, references
from reports.text.markdown import bullets, escape, plain, table
from reports.text.numbers import ABSENT, claimed
from reports.text.vocabulary import listed, plural

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


def concerns(page: Page, board: Board) -> bool:
    """Tell whether any claim of a run belongs to a page."""
    return bool(claims_on(page, board))


def paper_page(page: Page, board: Board, drawn: Drawn, report: str) -> str:
    """Return the page of a paper, or of several that are told together, one folder below the report.

    Parameters
    ----------
    page : what the papers show
    board : the run
    drawn : the pictures of each claim
    report : file name of the report
    """
    told = claims_on(page, board)
    parts = [
        f"# {escape(page.title)}",
        *(_about(paper) for paper in page.papers),
        f"[The report](../{address(report)}) has the whole matrix, and where the numbers come from.",
        overview(page, board),
        _words(),
        "## Every reading at a glance",
        readings(told, board),
        measured_on(board, told),
        *(part for paper in page.papers for part in _sections(page, paper, board, drawn)),
        references(told, "../"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(paper: Paper) -> str:
    return (
        f"{escape(paper.label)}: {escape(paper.title)} ({escape(paper.authors)}; {escape(paper.source)}). "
        f"{escape(paper.note, LONG)}"
    )


def _sections(page: Page, paper: Paper, board: Board, drawn: Drawn) -> list[str]:
    parts = []
    for title, entries in (("Figures", paper.figures), ("Statements", paper.statements)):
        if entries:
            parts.append(f"## {title if len(page.papers) == 1 else f'{escape(paper.label)}: {title.lower()}'}")
        parts += [part for entry in entries for part in _section(page, paper, entry, board, drawn)]
    return parts


def _words() -> str:
    return (
        "One count is one claim on one checkpoint, dense model or experiment, or on cases generated in the run. "
        f"{_meaning()} "
        f"The words are those of the claims' verdicts, no more; {FORK_SIGN} marks one that another reading of the "
        "definition changes. Where somebody else asserts a claim, it says who."
    )


def _meaning() -> str:
    words = [f"**{word}**: {verdict}" for verdict, word in WORD.items() if word != verdict]
    return "; ".join(words) + "."


def _section(page: Page, paper: Paper, entry: Entry, board: Board, drawn: Drawn) -> list[str]:
    found = claims_of(paper, entry, board)
    parts = [
        f"### {escape(page.name(paper, entry))}",
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
        f"{reference(record.claim)}: {escape(record.title)}{whose}. In sum: {sum_of(paper, [record], board)}."
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
        alike.setdefault(said, []).append(_place(name, cell))
    first = [reference(record.claim), *([""] * (len(alike) - 1))]
    return [[claim, listed(names, most=12), *said] for claim, (said, names) in zip(first, alike.items(), strict=True)]


def _place(name: str, cell: Cell) -> str:
    """Return a place as a row names it; an experiment with its arms and seeds."""
    compared, seeds = arms(cell.primary), len(repeats(cell.primary))
    beside = f" ({' / '.join(escape(arm, 60) for arm in compared)}; {plural(seeds, 'seed')})" if compared else ""
    return place_title(name) + beside


def _outcome(paper: Paper, cell: Cell) -> str:
    sign = f" {FORK_SIGN}" if cell.fork_sensitive else ""
    return outcome(cell.verdict, paper.side(cell.primary.claim)) + sign


def _half(sentence: str) -> str:
    """Return a sentence up to its first full stop or semicolon; of one that there is none, that alone."""
    half = plain(re.split(r"[.;](?:\s|$)", plain(sentence, LONG), maxsplit=1)[0])
    return "none" if half.partition(":")[0] == "None" else half


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
