"""A nightly reader hears of changes, all of them, and of nothing else."""

import re
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


def test_changed_appeared_and_vanished_verdicts() -> None:
    old = small()
    new = [*old[:2], replace(old[2], verdict=Verdict.VACUOUS), record("x", "b", Verdict.ERROR, reason="no weights")]
    found = compare([*old, record("y", "b", Verdict.REFUTED)], new)
    assert found.changed
    assert found.markdown.startswith("# 1 of 2 verdicts changed; 1 appeared; 1 vanished.\n")
    rows = table_rows(found.markdown)
    gain = "gain 2.40 [2.30, 2.50]"
    assert ["kernel-energy", "a", ">= 1.5", "✓ supported", "∅ vacuous", gain, gain] in rows
    assert "`-k 'kernel-energy and a'`" in found.markdown
    before, after = found.markdown.split("## Verdicts that vanished")
    assert ["x", "b", "! error", "no weights"] in table_rows(before.partition("## Verdicts that appeared")[2])
    assert ["y", "b", "✗ refuted", ""] in table_rows(after)


def test_a_claim_that_vanished_everywhere_is_one_row() -> None:
    gone = [record("y", name, Verdict.REFUTED) for name in "abc"]
    found = compare([*small(), *gone], small())
    assert found.markdown.startswith("# 0 of 2 verdicts changed; 3 vanished.\n")
    assert ["y", "a, b and c", "✗ refuted", ""] in table_rows(found.markdown)
    assert "to measure one again" not in found.markdown.lower()


def test_numbers_that_moved_are_counted_and_are_no_change() -> None:
    old = small()
    new = [*old[:2], replace(old[2], criteria=[criterion("gain", (2.41, 2.3, 2.5), ">= 1.5")])]
    found = compare(old, new)
    assert not found.changed
    assert "- 1 of 2 deciding numbers moved\n" in found.markdown


def test_what_differs_everywhere_is_said_so_and_names_stay_text() -> None:
    old = [record("kernel-energy", name, Verdict.SUPPORTED) for name in ("a", "b`")]
    new = [replace(r, verdict=Verdict.REFUTED, provenance=r.provenance | {"dtype": "half"}) for r in old]
    assert "dtype was float32, is half (everywhere)" in compare(old, new).markdown
    assert "`-k kernel-energy`" in compare(old[1:], new[1:]).markdown


def test_a_variant_that_moved_is_a_change_though_no_verdict_is() -> None:
    old = small()
    found = compare(old, [old[0], replace(old[1], verdict=Verdict.SUPPORTED), old[2]])
    assert found.changed
    assert found.markdown.startswith("# No verdict changed; 1 other variant moved.\n")
    assert ["bound-tightness", "a", "r=16", "✗ refuted", "✓ supported", "", ""] in table_rows(found.markdown)


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


def test_unlike_runs_are_said_to_be_unlike() -> None:
    old = small()
    moved = {"margin": {"value": 0.5, "why": "stricter"}}
    new = [replace(r, thresholds=moved, definition="other", provenance=r.provenance | {"dtype": "half"}) for r in old]
    found = compare(old, new)
    assert "dtype was float32, is half (a)" in found.markdown
    assert "Thresholds of kernel-energy: margin was 0.02, is 0.5" in found.markdown
    assert re.search(r"Text of .*kernel-energy.*: definition was .+, is other$", found.markdown, re.MULTILINE)
