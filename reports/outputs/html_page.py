"""Make the HTML page to browse a run, which asks for nothing from outside: no network, no other file."""

import base64
import hashlib
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, board
from reports.data.places import standing, word
from reports.data.runs import Run
from reports.data.theorems import passes
from reports.figures.claim_figures import pictures
from reports.outputs.history import through
from reports.outputs.markdown_report import TITLE
from reports.pages.claim import claim_view
from reports.pages.glossary import glossary
from reports.pages.grids import grids
from reports.pages.matrix import DEVIATION_SIGN, NUMBERS, VARIANT_SIGN, entry, headings, theorems_say
from reports.pages.provenance import provenance
from reports.pages.summary import alarms, paragraph
from reports.papers.paper_file import pages
from reports.text.templates import FOLDER, fill
from reports.text.vocabulary import CONTROL, CONTROL_MEANING

#: What is of no paper that there is a file of.
OTHER = "other"


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
    run = board(records)
    css, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    papers = _papers(run)
    found = {word(cell.primary): standing(cell.primary) for cell in run.cells.values()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = through(runs, folder) if runs else None
        past = {found.record.claim: found for found in history.claims} if history else {}
        return fill(
            "page.html",
            title=TITLE,
            css=Markup(css),
            script=Markup(script),
            policy=f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'",
            image=lambda file: _image(folder / file),
            summary=paragraph(run),
            alarms=alarms(run),
            papers=papers,
            standings={one: found[one] for one in (*Verdict, CONTROL) if one in found},
            grids=grids(run),
            heads=lambda names: headings(run, names),
            controls=run.controls,
            control=CONTROL_MEANING,
            passes=passes,
            word=word,
            entry=entry,
            theorems=theorems_say(run),
            numbers=NUMBERS,
            variant_sign=VARIANT_SIGN,
            deviation_sign=DEVIATION_SIGN,
            claims=[(claim_view(run, r), pictures(run, r, folder), past.get(r.claim)) for r in run.claims],
            history=history,
            provenance=provenance(run),
            words=glossary(run),
        )


def _papers(run: Board) -> dict[str, list[str]]:
    """Return for each claim the labels of the papers that its source or figures name."""
    labels = [paper.label for told in pages() for paper in told.papers]
    said = {record.claim: " ".join([record.source, *record.figures]) for record in run.claims}
    return {
        claim: [label for label in labels if re.search(rf"\b{re.escape(label)}\b", text)] or [OTHER]
        for claim, text in said.items()
    }


def _image(file: Path) -> Markup:
    """Return a picture as an address that holds it."""
    return Markup("data:image/webp;base64,") + Markup(base64.b64encode(file.read_bytes()).decode())


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
