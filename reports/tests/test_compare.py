"""A nightly reader hears of changes, all of them, and of nothing else."""

from dataclasses import replace

from claims.record import Record
from claims.verdict import Verdict
from reports.compare import compare
from reports.tests.samples import criterion, record, run


def small() -> list[Record]:
    """Return one claim with two forks and one with a margin."""
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


def test_changed_appeared_and_vanished_verdicts() -> None:
    old = small()
    new = [*old[:1], replace(old[2], verdict=Verdict.VACUOUS), record("x", "b", Verdict.ERROR)]
    found = compare([*old, record("y", "b", Verdict.REFUTED)], new)
    assert found.changed
    assert found.markdown.startswith("# 1 of 2 verdicts changed; 1 appeared; 1 vanished.")
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in found.markdown.splitlines() if "|" in line]
    assert ["kernel-energy", "a", "✓ supported", "∅ vacuous"] in rows
    assert ["x", "b", "not there", "! error"] in rows
    assert ["y", "b", "✗ refuted", "not there"] in rows


def test_a_moved_fork_is_told_but_is_no_changed_verdict() -> None:
    old = small()
    found = compare(old, [old[0], replace(old[1], verdict=Verdict.SUPPORTED), old[2]])
    assert not found.changed
    assert "## Forks whose verdict moved" in found.markdown
    assert "r=16" in found.markdown


def test_a_lost_margin_is_told() -> None:
    old = small()
    closer = criterion("gain", (1.6, 1.4, 1.8), ">= 1.5")
    found = compare(old, [*old[:2], replace(old[2], criteria=[closer])])
    assert not found.changed
    assert "lost their margin" in found.markdown
    assert "2.40 [2.30, 2.50]" in found.markdown
    assert "1.60 [1.40, 1.80]" in found.markdown


def test_unlike_runs_are_said_to_be_unlike() -> None:
    old = small()
    moved = {"margin": {"value": 0.5, "why": "stricter"}}
    new = [replace(r, thresholds=moved, provenance={**r.provenance, "dtype": "bfloat16"}) for r in old]
    found = compare(old, new)
    assert "dtype was float32, is bfloat16 (a)" in found.markdown
    assert "Thresholds of kernel-energy: margin was 0.02, is 0.5" in found.markdown
