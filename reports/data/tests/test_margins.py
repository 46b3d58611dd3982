"""A margin is counted in widths of the interval, and an exact number's in shares of its threshold."""

from dataclasses import replace

import pytest

from claims.core.verdict import Verdict
from reports.data.margins import clear, deciding, gap, lost
from reports.tests.support.samples import criterion, record


@pytest.mark.parametrize(
    ("ends", "side", "expected"),
    [
        ((2.0, 1.5, 2.5), "> 1", 0.5),
        ((2.0, 1.5, 2.5), "< 3", 0.5),
        ((2.0, 1.5, 2.5), "> 2", 0.0),
        ((2.0, 1.5, 2.5), "> 2.5", 0.0),
        ((0.9, 0.9, 0.9), "<= 1", 0.1),
        ((0.0, 0.0, 0.0), "<= 0", None),
    ],
)
def test_gap(ends: tuple[float, float, float], side: str, expected: float | None) -> None:
    found = gap(criterion("x", ends, side))
    assert found == (None if expected is None else pytest.approx(expected))


def test_gap_of_what_has_no_interval_or_no_threshold() -> None:
    whole = criterion("x", (2.0, 1.5, 2.5), "> 1")
    assert gap(replace(whole, low=None)) is None
    assert gap(replace(whole, threshold=None)) is None


def test_gap_does_not_depend_on_the_unit() -> None:
    assert gap(criterion("x", (2.0, 1.5, 2.5), "> 1")) == gap(criterion("x", (2000.0, 1500.0, 2500.0), "> 1000"))


def test_an_exact_count_against_zero_is_clear_and_a_straddling_interval_is_not() -> None:
    assert clear(criterion("x", (0.0, 0.0, 0.0), "<= 0"))
    assert not clear(criterion("x", (1.0, 0.5, 1.5), "> 1"))


def test_the_null_decides_where_the_verdict_hangs_on_it() -> None:
    good = criterion("x", (2.0, 1.5, 2.5), "> 1")
    aside = replace(good, name="y", decides=False)
    told = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good, aside], null=[good])
    assert list(deciding(told)) == ["x", "null: x"]
    assert list(deciding(replace(told, verdict=Verdict.REFUTED))) == ["x"]


def test_a_null_that_comes_near_its_threshold_is_a_lost_margin_of_a_supported_claim() -> None:
    good = criterion("x", (2.0, 1.5, 2.5), "> 1")
    far, near = criterion("x", (0.0, -0.1, 0.1), "> 1"), criterion("x", (0.95, 0.85, 1.05), "> 1")
    old = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good], null=[far])
    assert [name for name, _, _ in lost(old, replace(old, null=[near]))] == ["null: x"]
    assert lost(replace(old, null=[near]), old) == []


def test_a_changed_verdict_loses_no_margin_besides() -> None:
    good, near = criterion("x", (2.0, 1.5, 2.5), "> 1"), criterion("x", (1.2, 0.9, 1.5), "> 1")
    old = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good])
    assert lost(old, replace(old, verdict=Verdict.INCONCLUSIVE, criteria=[near])) == []


def test_a_quantity_between_two_thresholds_has_a_margin_to_each() -> None:
    band = [criterion("share", (0.6, 0.58, 0.62), side) for side in (">= 0.5", "<= 0.7")]
    whole = record("cross-model-overlap", "a", Verdict.SUPPORTED, criteria=[*band, criterion("x", (2, 1, 3), "> 0")])
    assert list(deciding(whole)) == ["share (>=)", "share (<=)", "x"]
    low = [replace(c, value=0.52, low=0.503, high=0.54) for c in band]
    lower = replace(whole, criteria=[*low, whole.criteria[2]])
    assert [name for name, _, _ in lost(whole, lower)] == ["share (>=)"]
    assert list(deciding(replace(whole, criteria=[band[0]] * 3))) == ["share (>=)", "share (>=) 1", "share (>=) 2"]
