"""The claims of the page to browse: what is said, what each place gave, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Certificate, Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, fork_name
from reports.data.history import History, changed, drifting
from reports.data.runs import Run
from reports.outputs.history import CHANGED, DRIFT, LATEST, order, point, symbols, title
from reports.outputs.html_grid import claim_id, place_id, place_name, signs_say
from reports.pages.claim import compared, equation, facts, unbroken
from reports.pages.criteria import because, criteria_rows, methods, threshold
from reports.pages.summary import tally
from reports.text.numbers import claimed, interval
from reports.text.slugs import slug
from reports.text.vocabulary import shown

Rows = list[list[str]]


@dataclass(frozen=True)
class Shown:
    """A picture: ``source`` holds the image itself; ``trouble`` says why there is none."""

    source: str
    caption: str
    trouble: str = ""


@dataclass(frozen=True)
class PlaceView:
    """One claim on one place."""

    id: str
    slug: str
    name: str
    verdict: Verdict
    signs_say: str
    before: list[str]
    criteria: Rows
    readings: Rows
    after: list[str]


@dataclass(frozen=True)
class Past:
    """One claim through the runs."""

    changes: list[str]
    picture: Shown | None
    verdicts: Rows
    head: list[str]
    numbers: Rows


@dataclass(frozen=True)
class ClaimView:
    """One claim."""

    id: str
    name: str
    tally: str
    record: Record
    equation: list[str]
    facts: list[tuple[str, str]]
    thresholds: Rows
    pictures: list[Shown]
    places: list[PlaceView]
    past: Past | None


@dataclass(frozen=True)
class HistoryView:
    """All claims through the runs."""

    title: str
    order: str
    runs: Rows
    changed_title: str
    changed: Rows
    drift_title: str
    drift: Rows


def claim_view(board: Board, record: Record, pictures: list[Shown], past: Past | None) -> ClaimView:
    """Return what the page says of a claim; ``record`` is any of its records."""
    places = board.of_claim(record.claim)
    thresholds = dict.fromkeys(
        (name, threshold(entry.get("value")), str(entry.get("why", "")))
        for _, cell in places
        for r in cell.records
        for name, entry in r.thresholds.items()
    )
    return ClaimView(
        id=claim_id(record.claim),
        name=slug(record.claim),
        tally=tally([cell for _, cell in places]),
        record=record,
        equation=equation(record),
        facts=facts(record, str),
        thresholds=[list(row) for row in thresholds],
        pictures=pictures,
        places=[_place(record.claim, name, cell) for name, cell in places],
        past=past,
    )


def past(history: History, runs: Sequence[Run], picture: Shown | None) -> Past:
    """Return what the page says of a claim's history."""
    latest = range(max(0, len(runs) - LATEST), len(runs))
    return Past(
        changes=[f"From {runs[n].label} on: {says}." for n, says in history.changes],
        picture=picture,
        verdicts=[[place_name(place), symbols(verdicts)] for place, verdicts in history.verdicts.items()],
        head=["on", "measured", "claimed", *(runs[i].label for i in latest)],
        numbers=[
            [place_name(t.place), t.name, claimed(t.measured[-1]), *(point(t.points[i]) for i in latest)]
            for t in history.tracks
        ],
    )


def history_view(found: Sequence[History], runs: Sequence[Run]) -> HistoryView:
    """Return what the page says of all histories together."""
    return HistoryView(
        title=title(runs),
        order=order(runs),
        runs=[[r.label, r.commit, f"{len(r.board.claims):,}", f"{len(r.board.cells):,}"] for r in runs],
        changed=[[slug(claim), place_name(name), symbols(verdicts)] for claim, name, verdicts in changed(found)],
        changed_title=CHANGED,
        drift_title=DRIFT,
        drift=[
            [slug(h.record.claim), place_name(t.place), t.name, claimed(now), interval(first), interval(now)]
            for h in found
            for t, first, now in drifting(h)
        ],
    )


def _place(claim: str, name: str, cell: Cell) -> PlaceView:
    record = cell.primary
    readings = [[fork_name(r), shown(r.verdict), because(r, str)] for r in cell.records] if cell.others else []
    said = compared(record, str), f"Reason: {record.reason}" if record.reason.strip() else unbroken(record)
    return PlaceView(
        id=place_id(claim, name),
        slug=slug(name),
        name=place_name(name),
        verdict=cell.verdict,
        signs_say=signs_say(cell),
        before=[sentence for sentence in said if sentence],
        criteria=criteria_rows(record, str),
        readings=readings,
        after=[
            *(_certificate(r.certificate) for r in cell.records if r.certificate is not None),
            *(f"Expected verdict: {r.expected}" for r in cell.records if r.expected not in (None, r.verdict)),
            *record.notes,
            *([found] if (found := methods(record, str)) else []),
        ],
    )


def _certificate(certificate: Certificate) -> str:
    return f"Counterexample: {certificate.says} (arrays in {certificate.file}, SHA-256 {certificate.sha256})"
