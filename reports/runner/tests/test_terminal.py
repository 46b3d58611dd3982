"""The verdicts on a terminal: words where they fit, symbols where they do not, numbers where names do not either."""

from claims.core.verdict import Verdict
from reports.data.board import board
from reports.runner.terminal import compact
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import record, run


def test_words_where_they_fit() -> None:
    lines = compact(board([*run(), *functions()]), 120)
    names = ["example/MoE-16B-A3B", "zoo/balanced", "zoo/unbalanced", "zoo/init", "(control)"]
    assert lines[0].split() == ["claim", *names]
    assert any(line.startswith("bound-tightness") and "✓ supported †" in line for line in lines)
    start = lines.index("generated cases: 1 refuted")
    assert lines[start + 1 : start + 3] == ["topk-sharpening-function  ✗ refuted †", ""]
    start = lines.index("theorems and premises: 7 of 8 checks passed")
    assert lines[start + 1].split() == ["FAILED", "kernel-counterexample", "zoo/unbalanced", "!", "error"]


def test_symbols_where_they_do_not() -> None:
    lines = compact(board(run()), 60)
    row = next(line for line in lines if line.startswith("balance-suppression"))
    assert row.split() == ["balance-suppression", "–", "✓", "✗", "‡", "0.990"]
    assert lines[-1].startswith("✓ supported   ◐ partly   ∅ vacuous   ✗ refuted   ? inconclusive")


def test_a_terminal_too_narrow_for_names_numbers_them() -> None:
    many = [record("kernel-energy", f"organisation/model-{i}", Verdict.SUPPORTED) for i in range(9)]
    lines = compact(board([*many, *others()]), 60)
    assert lines[0].split() == ["claim", *"123456789"]
    assert "9 organisation/model-8" in lines
    assert "dense-similarity  zoo/dense-sandwich  ✗ refuted" in lines
    assert max(map(len, lines)) <= 70
