"""Where there is routing alone, claims that need more have no row and no place in sums, and share one line."""

from dataclasses import replace

from claims.core.record import Fact, Kind, Record
from claims.core.verdict import Verdict
from reports.data.board import Board, board
from reports.pages.grids import grids
from reports.pages.matrix import tables
from reports.pages.not_measured import silent
from reports.pages.summary import paragraph
from reports.tests.support.samples import record

WHY = "it needs router logits, and there is routing alone: give the checkpoint itself"
FACTS: dict[str, Fact] = {"name": "org/moe", "evidence": "routing alone"}


def missing(claim: str, kind: Kind = "finding") -> Record:
    return replace(record(claim, "org/moe", Verdict.NOT_APPLICABLE), checkpoint=FACTS, reason=WHY, kind=kind)


def routed() -> Board:
    asked = replace(record("claim-a", "org/moe", Verdict.SUPPORTED), checkpoint=FACTS)
    return board([asked, missing("claim-b"), missing("claim-c"), missing("theorem-d", kind="theorem")])


def test_what_needs_more_has_no_row() -> None:
    (grid,) = grids(routed())
    assert [row.record.claim for row in grid.rows] == ["claim-a"]
    assert len(tables(routed())) == 1


def test_a_row_stays_where_another_checkpoint_answers_it() -> None:
    found = board([*(cell.primary for _, _, cell in routed().in_order()), record("claim-b", "whole", Verdict.REFUTED)])
    assert [row.record.claim for row in grids(found)[0].rows] == ["claim-a", "claim-b"]


def test_sums_count_what_was_asked() -> None:
    said = paragraph(routed())
    assert "1 claim on 1 checkpoint (org/moe) gave 1 verdict: 1 supported." in said
    assert "3 claims could not be asked of routing alone." in said
    assert "checks passed" not in said


def test_claims_without_a_verdict_for_one_reason_share_a_line() -> None:
    (row,) = silent(routed())
    assert row[0] == "[claim-b], [claim-c], [theorem-d]"
    assert row[1:] == ["org/moe", "– not applicable", WHY]
