"""The claims of the page to browse: what is said, what each place gave, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.record import Certificate, Record
from claims.verdict import Verdict
from reports.cells import Board, Cell, fork_name
from reports.history import History, drifting
from reports.history_page import LATEST, order, point, symbols, title
from reports.measured import because, criteria_rows
from reports.names import slug
from reports.numbers import bound, claimed, interval
from reports.page_grid import claim_id, place_id, place_name, signs_say
from reports.places import arms, repeats
from reports.runs import Run
from reports.words import listed, plural, shown

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
    drift: Rows


def claim_view(board: Board, record: Record, pictures: list[Shown], past: Past | None) -> ClaimView:
    """Return what the page says of a claim; ``record`` is any of its records."""
    places = board.of_claim(record.claim)
    facts = {
        "Source": record.source + (f" ({listed(record.figures, most=30)})" if record.figures else ""),
        "Definition": record.definition,
        "The paper reports": record.paper,
        "Null": record.null_says,
    }
    thresholds = dict.fromkeys(
        (name, _bound(entry.get("value")), str(entry.get("why", "")))
        for _, cell in places
        for r in cell.records
        for name, entry in r.thresholds.items()
    )
    return ClaimView(
        id=claim_id(record.claim),
        name=slug(record.claim),
        record=record,
        equation=record.equation.splitlines() if record.equation.strip() else [],
        facts=[(name, says) for name, says in facts.items() if says],
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
        drift=[
            [slug(h.record.claim), place_name(t.place), t.name, claimed(now), interval(first), interval(now)]
            for h in found
            for t, first, now in drifting(h)
        ],
    )


def _place(claim: str, name: str, cell: Cell) -> PlaceView:
    record = cell.primary
    readings = [[fork_name(r), shown(r.verdict), because(r, str)] for r in cell.records] if cell.others else []
    methods = dict.fromkeys(c.method for c in (*record.criteria, *record.null) if c.method)
    return PlaceView(
        id=place_id(claim, name),
        slug=slug(name),
        name=place_name(name),
        verdict=cell.verdict,
        signs_say=signs_say(cell),
        before=[*_compared(record), *([f"Reason: {record.reason}"] if record.reason.strip() else [])],
        criteria=criteria_rows(record, str),
        readings=readings,
        after=[
            *(_certificate(r.certificate) for r in cell.records if r.certificate is not None),
            *(f"Expected verdict: {r.expected}" for r in cell.records if r.expected not in (None, r.verdict)),
            *record.notes,
            *([f"Intervals: {'; '.join(methods)}"] if methods else []),
        ],
    )


def _compared(record: Record) -> list[str]:
    """Say what an experiment compares, and with which checkpoints."""
    seeds = [" against ".join(names) for names in repeats(record)]
    found = listed(arms(record), most=30)
    return [f"Compared: {found}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."] if arms(record) else []


def _certificate(certificate: Certificate) -> str:
    return f"Counterexample: {certificate.says} (arrays in {certificate.file}, SHA-256 {certificate.sha256})"


def _bound(value: object) -> str:
    return bound(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
