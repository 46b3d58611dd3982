"""A margin is counted in widths of the interval, and an exact number's in shares of its threshold."""

from dataclasses import replace

import pytest

from claims.core.verdict import Verdict
from reports.data.margins import clear, deciding, gap, lost
from reports.tests.support.samples import criterion, record


@pytest.mark.parametrize(
    ("ends", "side", "expected", "is_clear"),
    [
        ((2.0, 1.5, 2.5), "> 1", 0.5, True),
        ((2000.0, 1500.0, 2500.0), "> 1000", 0.5, True),  # whatever the unit
        ((2.0, 1.5, 2.5), "< 3", 0.5, True),
        ((2.0, 1.5, 2.5), "> 2", 0.0, False),
        ((2.0, 1.5, 2.5), "> 2.5", 0.0, False),
        ((0.9, 0.9, 0.9), "<= 1", 0.1, False),  # less than a quarter
        ((0.0, 0.0, 0.0), "<= 0", None, True),
    ],
)
def test_gap(ends: tuple[float, float, float], side: str, expected: float | None, is_clear: bool) -> None:
    whole = criterion("x", ends, side)
    assert gap(whole) == (None if expected is None else pytest.approx(expected))
    assert clear(whole) == is_clear
    assert gap(replace(whole, low=None)) is gap(replace(whole, threshold=None)) is None


def test_the_null_decides_where_the_verdict_hangs_on_it() -> None:
    good = criterion("x", (2.0, 1.5, 2.5), "> 1")
    aside = replace(good, name="y", decides=False)
    told = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good, aside], null=[good])
    assert list(deciding(told)) == ["x", "null: x"]
    assert list(deciding(replace(told, verdict=Verdict.REFUTED))) == ["x"]


def test_what_comes_near_its_threshold_is_lost_the_null_of_a_supported_claim_too_unless_the_verdict_changed() -> None:
    good, close = criterion("x", (2.0, 1.5, 2.5), "> 1"), criterion("x", (1.2, 0.9, 1.5), "> 1")
    far, near = criterion("x", (0.0, -0.1, 0.1), "> 1"), criterion("x", (0.95, 0.85, 1.05), "> 1")
    old = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good], null=[far])
    assert [name for name, _, _ in lost(old, replace(old, null=[near]))] == ["null: x"]
    assert lost(replace(old, null=[near]), old) == []
    assert lost(old, replace(old, verdict=Verdict.INCONCLUSIVE, criteria=[close])) == []


def test_a_quantity_between_two_thresholds_has_a_margin_to_each() -> None:
    band = [criterion("share", (0.6, 0.58, 0.62), side) for side in (">= 0.5", "<= 0.7")]
    whole = record("cross-model-overlap", "a", Verdict.SUPPORTED, criteria=[*band, criterion("x", (2, 1, 3), "> 0")])
    assert list(deciding(whole)) == ["share (>=)", "share (<=)", "x"]
    low = [replace(c, value=0.52, low=0.503, high=0.54) for c in band]
    lower = replace(whole, criteria=[*low, whole.criteria[2]])
    assert [name for name, _, _ in lost(whole, lower)] == ["share (>=)"]
    assert list(deciding(replace(whole, criteria=[band[0]] * 3))) == ["share (>=)", "share (>=) 1", "share (>=) 2"]
