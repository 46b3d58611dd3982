"""A nightly reader hears of changes, all of them, and of nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.migration import MADE_AS
from claims.core.record import Record, read_records
from claims.core.verdict import Role, Verdict
from reports.outputs.compare import compare
from reports.tests.support.pages import rows
from reports.tests.support.samples import criterion, record, run

OLD = Path(__file__).resolve().parents[3] / "claims" / "core" / "tests" / "records-schema-1.jsonl"


def small() -> list[Record]:
    """Return one claim with two variants and one with a margin."""
    good = criterion("gain", (2.4, 2.3, 2.5), ">= 1.5")
    return [
        record("bound-tightness", "a", Verdict.SUPPORTED, variant={"r": "8"}, criteria=[good]),
        record("bound-tightness", "a", Verdict.REFUTED, variant={"r": "16"}, primary=False),
        record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[good]),
    ]


def test_same_runs_differ_in_nothing_and_a_date_is_no_difference() -> None:
    later = [replace(r, seconds=99.0, provenance={**r.provenance, "date": "2026-01-02"}) for r in reversed(run())]
    found = compare(run(), later)
    assert found.markdown == "# No verdict changed.\n"
    assert not found.changed


def test_a_renamed_criterion_is_no_change_of_a_verdict() -> None:
    """Names are words: the numbers behind them stand side by side, and only their names are in one run alone."""
    new = [replace(r, criteria=[replace(c, name=f"the {c.name} in words") for c in r.criteria]) for r in small()]
    found = compare(small(), new)
    assert not found.changed
    assert found.short == "0 of 2 verdicts changed."
    assert "deciding numbers in one run alone" in found.markdown


def test_the_sentence_for_a_nightly_job_counts_and_dates() -> None:
    old = [replace(r, provenance={**r.provenance, "date": "2026-01-02T03:00:00"}) for r in small()]
    new = [replace(old[0], verdict=Verdict.REFUTED), old[1], record("new", "a", Verdict.SUPPORTED)]
    assert compare(old, new).short == "1 of 1 verdict changed since 2026-01-02; 1 appeared; 1 vanished."
    more = [*new, record("new", "b", Verdict.SUPPORTED), record("new", "c", Verdict.SUPPORTED)]
    assert compare(old, more).short == "1 of 1 verdict changed since 2026-01-02; 3 appeared; 1 vanished."


def test_a_raised_version_is_told() -> None:
    new = [replace(r, version=2) for r in small()]
    assert "Version or text of bound-tightness and kernel-energy: version was 1, is 2" in compare(small(), new).markdown


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
    ("ends", "share", "is_lost"),
    [
        ((1.6, 1.4, 1.8), 0.1, True),  # touches
        ((1.71, 1.51, 1.91), 0.1, True),  # clear by 0.01, a fortieth of the width
        ((1.81, 1.61, 2.01), 0.1, False),  # clear by 0.11 of 0.4
        ((1.81, 1.61, 2.01), 0.5, True),
        ((9.0, 8.9, 9.1), 0.1, False),
    ],
)
def test_a_lost_margin_is_a_change(ends: tuple[float, float, float], share: float, is_lost: bool) -> None:
    old = small()
    new = [*old[:2], replace(old[2], criteria=[criterion("gain", ends, ">= 1.5")])]
    found = compare(old, new, share=share)
    assert found.changed == is_lost
    assert ("1 margin lost" in found.markdown) == is_lost
    now = f"{ends[0]:.2f} [{ends[1]:.2f}, {ends[2]:.2f}]"
    told = ["kernel-energy", "a", "gain", ">= 1.5", "2.40 [2.30, 2.50]", now]
    assert (told in rows(found.markdown)) == is_lost


def with_roles(old: Record) -> Record:
    """Return a record of schema 1 as a run of today would have made it: the same numbers, under roles."""
    facts = {name: fact for name, fact in old.provenance.items() if name != MADE_AS}
    changed: dict[str, object] = {"provenance": facts}
    if old.claim == "router-linearity":
        changed["kind"] = "theorem"
    if old.claim == "balance-suppression":
        median = replace(old.criteria[0], value=0.7, low=0.65, high=0.75, holds=False)
        changed |= {"verdict": Verdict.PARTLY, "criteria": [median, replace(median, name="beyond", role=Role.EXCESS)]}
    if old.claim == "moe-spreads" and old.verdict == Verdict.REFUTED:
        changed["verdict"] = Verdict.PARTLY
    return replace(old, **changed)  # type: ignore[arg-type]


def test_a_run_of_schema_1_is_compared_with_one_that_has_roles() -> None:
    old = read_records(OLD)
    new = [with_roles(record) for record in old]
    found = compare(old, new)
    assert found.markdown.startswith("# 1 of 12 verdicts changed; 1 other variant moved.\n")
    told = rows(found.markdown)
    assert ["balance-suppression", "olmoe-aux", "< 0.5", "✗ refuted", "◐ partly"] in [row[:5] for row in told]
    assert "median rho 1.34 [1.22, 1.44]" in found.markdown
    (variant,) = [row for row in told if row[0] == "moe-spreads"]
    assert variant[3:5] == ["✗ refuted", "◐ partly"]
    assert (
        "- 1 of 26 deciding numbers moved\n- Of claims in both runs, 2 deciding numbers in one run alone\n"
        in found.markdown
    )
    assert "The records of the old run are of schema 1" in found.markdown
    assert MADE_AS not in found.markdown
    assert "The records of the new run are of schema 1" in compare(new, old).markdown
    assert "schema 1" not in compare(new, new).markdown
    assert compare(old, old).markdown.startswith("# No verdict changed.\n")


def test_what_no_sum_counts_is_told_apart_and_a_null_has_no_verdict_to_change() -> None:
    theorem, control = (
        record(claim, "zoo/init", Verdict.SUPPORTED) for claim in ("sufficiency-bound", "kernel-energy")
    )
    refuted = [replace(one, verdict=Verdict.REFUTED) for one in (theorem, control)]
    found = compare([theorem, control], refuted)
    assert found.changed
    assert found.markdown.startswith("# No verdict changed; 1 beyond the count moved.\n")
    assert "kernel-energy" not in found.markdown
    broken = compare([control], [replace(control, verdict=Verdict.ERROR, reason="no weights")])
    assert ["untrained control", "! error"] in [row[3:5] for row in rows(broken.markdown)]
