"""One page to browse a run: no network, no other file. The markup is in ``templates/``; jinja2 escapes its texts."""

import base64
import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, board
from reports.data.history import histories
from reports.data.runs import Run
from reports.figures.claim_figures import pictures
from reports.outputs.history import draw
from reports.outputs.html_claims import ClaimView, HistoryView, Rows, Shown, claim_view, history_view, past
from reports.outputs.html_grid import Grid, grids, place_name
from reports.pages.glossary import glossary
from reports.pages.provenance import FACTS, flat, named
from reports.pages.summary import paragraph
from reports.papers.paper_file import pages
from reports.text.markdown import plain
from reports.text.vocabulary import listed, shown

TEMPLATES = Path(__file__).parent / "templates"
TITLE = "Published claims about Mixture-of-Experts routing: what was measured"
#: Longest text that the page shows in one place.
LONGEST = 4000
#: What is of no paper that there is a file of.
OTHER = "other"


@dataclass(frozen=True)
class View:
    """What the page shows."""

    summary: str
    papers: list[str]
    verdicts: list[Verdict]
    grids: list[Grid]
    claims: list[ClaimView]
    history: HistoryView | None
    facts_head: list[str]
    facts: Rows
    provenance: Rows
    words: list[tuple[str, str]]


def page(records: Sequence[Record], runs: Sequence[Run] = ()) -> str:
    """Return the page of a run, with the history of ``runs`` when there are any.

    It asks for nothing from outside, and its policy forbids it to: styles, script and figures are inside. Without a
    script it is the whole page, every claim open; with one, claims open where a cell leads, and there are filters.

    Raises
    ------
    ValueError
        When there is no record.
    """
    if not records:
        raise ValueError("there is no record to show")
    css, script = (_source(name) for name in ("page.css", "page.js"))
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=TITLE,
            view=_view(board(records), runs),
            css=Markup(css),
            script=Markup(script),
            policy=f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'",
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters |= {"word": _word, "shown": shown}
    return environment


def _visible(value: object) -> object:
    """Return text from outside on one line, without control or invisible characters; markup of ours as it is."""
    return plain(value, LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value


def _word(verdict: Verdict) -> str:
    """Return a verdict as the name of a class."""
    return verdict.replace(" ", "-")


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _view(run: Board, runs: Sequence[Run]) -> View:
    labels = [paper.label for told in pages() for paper in told.papers]
    papers = {record.claim: _papers(record, labels) for record in run.claims}
    found = {history.record.claim: history for history in histories(runs)}
    claims = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for record in run.claims:
            drawn = [
                Shown("" if p.trouble else _image(folder / p.file), p.caption, p.trouble)
                for p in pictures(run, record, folder)
            ]
            history = found.get(record.claim)
            before = None
            if history is not None:
                file = draw(history, runs, folder)
                caption = f"{record.title}: through the runs"
                before = past(history, runs, Shown(_image(folder / file), caption) if file else None)
            claims.append(claim_view(run, record, drawn, before))
    records = [record for _, _, cell in run.in_order() for record in cell.records]
    verdicts = {cell.verdict for cell in run.cells.values()}
    return View(
        summary=paragraph(run, str),
        papers=sorted({paper for of_claim in papers.values() for paper in of_claim}),
        verdicts=[verdict for verdict in Verdict if verdict in verdicts],
        grids=grids(run, papers),
        claims=claims,
        history=history_view(list(found.values()), runs) if runs else None,
        facts_head=["measured on", *(fact.replace("_", " ") for fact in FACTS)],
        facts=[[place_name(place), *_facts(run, place)] for place in run.places],
        provenance=_provenance(records),
        words=glossary(run),
    )


def _papers(record: Record, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of the papers that a claim's source or figures name."""
    said = " ".join([record.source, *record.figures])
    return tuple(label for label in labels if re.search(rf"\b{re.escape(label)}\b", said)) or (OTHER,)


def _image(file: Path) -> Markup:
    """Return a picture as an address that holds it."""
    return Markup("data:image/png;base64,") + Markup(base64.b64encode(file.read_bytes()).decode())


def _facts(run: Board, place: str) -> list[str]:
    told: dict[str, object] = {}
    for (_, name), cell in run.cells.items():
        if name == place:
            told = {**cell.primary.checkpoint, **told}
    facts = flat({fact: told[fact] for fact in FACTS if told.get(fact) is not None})
    return [facts.get(fact, "") for fact in FACTS]


def _provenance(records: Sequence[Record]) -> Rows:
    """Return one row a fact, with its values."""
    values: dict[str, dict[str, None]] = {}
    for record in records:
        for key, value in flat(record.provenance).items():
            values.setdefault(key, {})[value] = None
    return [[named(key), listed(list(found), most=4)] for key, found in values.items()]
