"""A nightly reader hears of changes, all of them, and of nothing else."""

from dataclasses import replace

import pytest

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.outputs.compare import compare
from reports.tests.support.samples import criterion, record, run


def small() -> list[Record]:
    """Return one claim with two variants and one with a margin."""
    good = criterion("gain", (2.4, 2.3, 2.5), ">= 1.5")
    return [
        record("bound-tightness", "a", Verdict.SUPPORTED, fork={"r": "8"}, criteria=[good]),
        record("bound-tightness", "a", Verdict.REFUTED, fork={"r": "16"}, primary=False),
        record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good]),
    ]


def test_same_runs_differ_in_nothing() -> None:
    found = compare(run(), [replace(r, seconds=99.0) for r in reversed(run())])
    assert found.markdown == "# No verdict changed.\n"
    assert not found.changed


def table_rows(markdown: str) -> list[list[str]]:
    return [[c.strip() for c in line.split("|")[1:-1]] for line in markdown.splitlines() if line.startswith("|")]


def test_what_differs_everywhere_is_said_so_and_names_stay_text() -> None:
    old = [record("kernel-energy", name, Verdict.SUPPORTED) for name in ("a", "b`")]
    new = [replace(r, verdict=Verdict.REFUTED, provenance=r.provenance | {"dtype": "half"}) for r in old]
    assert "dtype was float32, is half (everywhere)" in compare(old, new).markdown
    assert "`-k kernel-energy`" in compare(old[1:], new[1:]).markdown


def test_a_variant_that_vanished_moved_and_the_deciding_one_is_told_once() -> None:
    old = small()
    assert "1 other variant moved" in compare(old, [old[0], old[2]]).markdown
    found = compare(old, [replace(old[0], verdict=Verdict.REFUTED), *old[1:]])
    assert found.markdown.startswith("# 1 of 2 verdicts changed.\n")


@pytest.mark.parametrize(
    ("ends", "is_lost"),
    [
        ((1.6, 1.4, 1.8), True),  # touches
        ((1.71, 1.51, 1.91), True),  # clear by 0.01, a fortieth of the width
        ((1.81, 1.61, 2.01), False),  # clear by 0.11 of 0.4
        ((9.0, 8.9, 9.1), False),
    ],
)
def test_a_lost_margin_is_a_change(ends: tuple[float, float, float], is_lost: bool) -> None:
    old = small()
    found = compare(old, [*old[:2], replace(old[2], criteria=[criterion("gain", ends, ">= 1.5")])])
    assert found.changed == is_lost
    assert ("1 margin lost" in found.markdown) == is_lost
    if is_lost:
        now = f"{ends[0]:.2f} [{ends[1]:.2f}, {ends[2]:.2f}]"
        assert ["kernel-energy", "a", "gain", ">= 1.5", "2.40 [2.30, 2.50]", now] in table_rows(found.markdown)


def test_the_share_of_a_margin_is_the_callers() -> None:
    old = small()
    new = [*old[:2], replace(old[2], criteria=[criterion("gain", (1.81, 1.61, 2.01), ">= 1.5")])]
    assert compare(old, new, share=0.5).changed
    assert not compare(old, new, share=0.1).changed


def test_a_date_is_no_difference_between_runs() -> None:
    old = small()
    new = [replace(r, provenance={**r.provenance, "date": "2026-01-02"}) for r in old]
    assert compare(old, new).markdown == "# No verdict changed.\n"
