"""A margin is counted in widths of the interval, and an exact number's in shares of its threshold."""

from dataclasses import replace

import pytest

from claims.core.verdict import DECIDING, Role, Verdict
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


def test_what_can_change_a_verdict_decides_whatever_the_verdict() -> None:
    whole = record(
        "x", "a", Verdict.REFUTED, criteria=[criterion(role, (2.0, 1.5, 2.5), "> 1", role=role) for role in Role]
    )
    assert list(deciding(whole)) == ["headline", "excess", "part", "premise"]


@pytest.mark.parametrize("role", list(Role))
def test_what_comes_near_its_threshold_is_lost_where_its_role_decides_unless_the_verdict_changed(role: Role) -> None:
    good, close = (criterion("x", ends, "> 1", role=role) for ends in ((2.0, 1.5, 2.5), (1.2, 0.9, 1.5)))
    old = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good])
    new = replace(old, criteria=[close])
    assert [name for name, _, _ in lost(old, new)] == ["x"] * (role in DECIDING)
    assert lost(new, old) == []
    assert lost(old, replace(new, verdict=Verdict.INCONCLUSIVE)) == []
    control = old.checkpoint | {"control": True}
    assert lost(replace(old, checkpoint=control), replace(new, checkpoint=control)) == []


def test_a_quantity_between_two_thresholds_has_a_margin_to_each() -> None:
    band = [criterion("share", (0.6, 0.58, 0.62), side) for side in (">= 0.5", "<= 0.7")]
    whole = record("cross-model-overlap", "a", Verdict.SUPPORTED, criteria=[*band, criterion("x", (2, 1, 3), "> 0")])
    assert list(deciding(whole)) == ["share (>=)", "share (<=)", "x"]
    low = [replace(c, value=0.52, low=0.503, high=0.54) for c in band]
    lower = replace(whole, criteria=[*low, whole.criteria[2]])
    assert [name for name, _, _ in lost(whole, lower)] == ["share (>=)"]
    assert list(deciding(replace(whole, criteria=[band[0]] * 3))) == ["share (>=)", "share (>=) 1", "share (>=) 2"]
