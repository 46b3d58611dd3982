"""Several papers on one page, and every variant of their claims at a glance."""

import re
from dataclasses import replace
from pathlib import Path

from claims.core.verdict import Verdict
from reports.data.board import board
from reports.outputs.markdown_report import render
from reports.papers.tables import variants
from reports.tests.support.pages import broken_links, ragged_tables
from reports.tests.support.sample_functions import functions
from reports.tests.support.small_paper import measured, section


def test_papers_on_one_page_keep_their_entries_apart(tmp_path: Path) -> None:
    bare = [replace(r, figure=None) for r in functions()]
    render([replace(r, figures=[*r.figures, "PRB finding iii"]) for r in bare], tmp_path)
    asy = (tmp_path / "papers" / "asy.md").read_text(encoding="utf-8")
    assert asy.startswith("# ASY and PRB, claim by claim\n\nASY: Geometric")
    headings = re.findall(r"^##+ (.+)$", asy, re.MULTILINE)
    assert headings.index("ASY: statements") < headings.index("ASY claim C") < headings.index("PRB: statements")
    assert "[functional-decorrelation]: Functional decorrelation. In sum: agree 3." in section(asy, "ASY claim A")
    assert section(asy, "PRB finding iii").count("In sum: ") == 3
    assert ragged_tables(asy) == []
    assert broken_links(tmp_path) == []


def test_a_glance_at_many_checkpoints_is_split_and_the_deciding_variant_comes_first() -> None:
    names = [f"organisation/a-model-with-a-long-name-{i:02}" for i in range(9)]
    many = [
        measured("a", name, verdict, fork={"r": rank}, primary=rank == "8")
        for name in names
        for rank, verdict in (("16", Verdict.REFUTED), ("8", Verdict.SUPPORTED))
    ]
    text = variants(board(many).claims, board(many))
    assert re.findall(r"^\| +(?:\[a\])? +\| (r=\d+) +\| (.)", text, re.MULTILINE) == [("r=8", "✓"), ("r=16", "✗")] * 2
    assert "a-model-with-a-l…name-08: organisation/a-model-with-a-long-name-08." in text
