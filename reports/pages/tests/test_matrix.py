"""The matrix on a terminal: words where they fit, symbols where they do not."""

from claims.core.verdict import Verdict
from reports.data.board import board
from reports.runner.terminal import compact
from reports.tests.support.sample_functions import functions
from reports.tests.support.samples import record, run


def test_words_where_they_fit() -> None:
    lines = compact(board(run()), 120)
    assert lines[0].split() == ["claim", "example/MoE-16B-A3B", "zoo/balanced", "zoo/unbalanced"]
    assert any(line == "generated cases: 1 supported" for line in lines)
    assert any(line.startswith("bound-tightness") and "✓ supported †" in line for line in lines)
    assert lines[-1] == "† variant-sensitive   ‡ not as expected"


def test_generated_cases_are_counted_and_what_is_not_supported_is_named() -> None:
    lines = compact(board([*run(), *functions()]), 120)
    start = lines.index("generated cases: 1 supported, 1 refuted")
    assert lines[start + 1 : start + 3] == ["topk-sharpening-function  ✗ refuted †", ""]


def test_symbols_where_they_do_not() -> None:
    lines = compact(board(run()), 60)
    row = next(line for line in lines if line.startswith("balance-suppression"))
    assert row.split() == ["balance-suppression", "✗", "‡", "✓", "✗", "‡"]
    assert lines[-1].startswith("✓ supported   ✗ refuted   ∅ vacuous")


def test_without_a_primary_variant_the_first_decides() -> None:
    forks = [
        record("x", "a", verdict, fork={"r": r}, primary=False)
        for r, verdict in (("8", Verdict.REFUTED), ("16", Verdict.SUPPORTED))
    ]
    cell = board(forks).cells["x", "a"]
    assert (cell.verdict, cell.sensitive) == (Verdict.SUPPORTED, True)
