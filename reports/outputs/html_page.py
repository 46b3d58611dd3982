"""Make the HTML page to browse a run, which asks for nothing from outside: no network, no other file."""

import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, board, variant_name
from reports.data.places import NOUN, Kind, place_name, standing, word
from reports.data.runs import Run
from reports.data.sizes import sizes
from reports.data.theorems import passes
from reports.data.verdict_lines import verdict_lines
from reports.figures.all_claims import all_pictures
from reports.figures.style import DRAWING
from reports.outputs.embedded import embedded, packed
from reports.outputs.history import through
from reports.outputs.markdown_report import TITLE
from reports.pages.claim import claim_view
from reports.pages.criteria import because, value
from reports.pages.glossary import glossary
from reports.pages.grids import grids
from reports.pages.matrix import DEVIATION_SIGN, NUMBERS, VARIANT_SIGN, about, entry, headings, theorems_say
from reports.pages.provenance import provenance
from reports.pages.summary import alarms, paragraph
from reports.pages.takeaway import CHOSEN, takeaways
from reports.papers.page import sections
from reports.papers.paper_file import pages
from reports.papers.tables import claims_on
from reports.text.markdown import plain
from reports.text.slugs import slug
from reports.text.templates import FOLDER, fill
from reports.text.vocabulary import CONTROL, CONTROL_MEANING, GROUP

#: What is of no paper that there is a file of.
OTHER = "other"
#: How the suite and the papers are cited.
BIBTEX = Path(__file__).parents[2] / "CITATION.bib"


def page(records: Sequence[Record], runs: Sequence[Run] = (), beside: str = "") -> str:
    """Return the page of a run, with the history of ``runs`` when there are any.

    It asks for nothing from outside, and its policy forbids it to: styles, script and figures are inside. Without a
    script every claim is open, and each verdict has its reason and the number that made it; with one, claims open where
    a cell leads and have the tables of all their numbers, and there are a search and filters, which the address keeps.

    Parameters
    ----------
    records : the records of a run, in any order
    runs : this run and earlier ones
    beside : name of the file of the records, where it lies beside the page

    Raises
    ------
    ValueError
        When there is no record.
    """
    if not records:
        raise ValueError("there is no record to show")
    run = board(records)
    told = [(one, sections(one, run)) for one in pages() if claims_on(one, run)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = through(runs, folder, DRAWING) if runs else None
        past = {found.record.claim: found for found in history.claims} if history else {}
        drawn = all_pictures(run, folder, DRAWING)
        return fill(
            "page.html",
            **_frame(),
            **_choices(run),
            **_tables(run),
            picture_of=lambda file: embedded(folder / file),
            pack=lambda parts: packed(json.dumps(parts).encode()),
            summary=paragraph(run),
            alarms=alarms(run),
            takeaways=takeaways(run),
            slugs={plain(name, 80): slug(name) for name in run.places},
            chosen=CHOSEN,
            controls_are=[(name, sizes(run, name), about(run).get(name, "")) for name in sorted(run.controls)],
            told=told,
            claims=[(claim_view(run, r), drawn[r.claim], past.get(r.claim)) for r in run.claims],
            history=history,
            provenance=provenance(run),
            beside=beside,
            verdicts=packed(verdict_lines(records).encode()),
            bibtex=BIBTEX.read_text(encoding="utf-8"),
            words=glossary(run),
        )


def _frame() -> dict[str, object]:
    """Return the title, styles and script of a page, and the policy that allows these alone."""
    css, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; img-src data: blob:; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return {"title": TITLE, "css": Markup(css), "script": Markup(script), "policy": policy}


def _choices(run: Board) -> dict[str, object]:
    """Return what the filters offer."""
    found = {word(cell.primary): standing(cell.primary) for cell in run.cells.values()}
    groups = dict.fromkeys(record.group for record in run.claims)
    return {
        "papers": _papers(run),
        "standings": {one: found[one] for one in (*Verdict, CONTROL) if one in found},
        "groups": {group: f"{group}. {GROUP[group]}" if group in GROUP else f"Group {group}" for group in groups},
        "kinds": [(kind, _many(kind), names) for kind in Kind if (names := run.names(kind))],
        "place_name": place_name,
    }


def _tables(run: Board) -> dict[str, object]:
    """Return the tables of verdicts, and what their cells say."""
    return {
        "grids": grids(run),
        "heads": lambda names: headings(run, names),
        "controls": run.controls,
        "control": CONTROL_MEANING,
        "passes": passes,
        "word": word,
        "entry": entry,
        "because": because,
        "value": value,
        "variant_name": variant_name,
        "theorems": theorems_say(run),
        "numbers": NUMBERS,
        "variant_sign": VARIANT_SIGN,
        "deviation_sign": DEVIATION_SIGN,
    }


def _many(kind: Kind) -> str:
    """Return what a filter calls all places of a kind."""
    return f"{NOUN[kind]}s" if kind in NOUN else "synthetic data and models trained in the run"


def _papers(run: Board) -> dict[str, list[str]]:
    """Return for each claim the labels of the papers that its source or figures name."""
    labels = [paper.label for told in pages() for paper in told.papers]
    said = {record.claim: " ".join([record.source, *record.figures]) for record in run.claims}
    return {
        claim: [label for label in labels if re.search(rf"\b{re.escape(label)}\b", text)] or [OTHER]
        for claim, text in said.items()
    }


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
