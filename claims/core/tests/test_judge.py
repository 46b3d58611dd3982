"""From findings to records: thresholds, nulls, reasons, multiplicity, and records that survive a round trip."""

import gzip
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.core.assemble import record_of, unmeasured
from claims.core.finding import Counterexample, Curve, Finding, Measured
from claims.core.multiplicity import adjust
from claims.core.record import from_json, read_records, to_json, write_records
from claims.core.verdict import Role, Verdict
from claims.tests.support.example_claim import CLAIM, SAMPLING, finding, judged, measured, record, units
from metrics.stats.bootstrap import exact
from metrics.stats.few_units import student_mean
from metrics.stats.sampling import Sampling

PART_REFUTED = Measured("y", SAMPLING.mean(units(-3.0)), ">", 0.5)


def test_the_rounding_of_a_difference_is_zero_on_every_machine() -> None:
    tiny = replace(SAMPLING.mean(units(0.0)), value=-2.22e-16, low=-2.22e-16, high=3.33e-16)
    found = judged(Finding(headline=(Measured("x", tiny, ">", 0.5),), excess=(Measured("y", tiny, ">", 1e-6),)))
    assert [(one.value, one.low, one.high) for one in found.criteria] == [(0.0, 0.0, 0.0)] * 2
    assert found.reason == "x = 0, claimed > 0.5 (20 sequences); y = 0, claimed > 1e-06 (20 sequences)"
    small = replace(tiny, value=-2.22e-9, low=-3e-9, high=3e-9)
    assert judged(Finding(headline=(Measured("x", small, ">", 0.5),))).criteria[0].value == -2.22e-9


@pytest.mark.parametrize(
    ("found", "expected", "says"),
    [
        (finding(3.0), Verdict.SUPPORTED, "^$"),
        (finding(3.0, parts=(measured(1.0, name="y"),)), Verdict.SUPPORTED, "^open is a part of the sentence: y = 1 "),
        (finding(3.0, parts=(PART_REFUTED,)), Verdict.PARTLY, "a part of the sentence is refuted: y = -3"),
        (finding(0.0), Verdict.PARTLY, "beyond its null, but falls short of what is stated: x = "),
        (finding(3.0, 0.0), Verdict.VACUOUS, "^it holds, but so does its null: x minus that of noise = "),
        (finding(0.0, 0.0), Verdict.REFUTED, "^x = .*claimed > 1 .*; x minus that of noise = "),
        (finding(1.0), Verdict.INCONCLUSIVE, r"^x = 1 \[.*claimed > 1 \(20 sequences\)$"),
        (finding(3.0, 1.05), Verdict.INCONCLUSIVE, "^x minus that of noise.* more sequences would decide it$"),
        (finding(3.0, premises=(PART_REFUTED,)), Verdict.NOT_APPLICABLE, "^a premise is not met: y = -3"),
    ],
)
def test_each_verdict_has_its_case_and_its_reason(found: Finding, expected: Verdict, says: str) -> None:
    made = judged(found)
    assert made.verdict == expected
    assert re.search(says, made.reason), made.reason


def test_criteria_keep_their_roles_and_what_stands_beside_decides_nothing() -> None:
    made = judged(finding(3.0, controls=(measured(0.0),), reported=(PART_REFUTED,)))
    assert [c.role for c in made.criteria] == [Role.HEADLINE, Role.EXCESS, Role.CONTROL, Role.REPORTED]
    assert made.verdict == Verdict.SUPPORTED


def test_a_counterexample_refutes_whatever_was_measured() -> None:
    example = Counterexample("blind-move", "two inputs with the same logits", {})
    made = judged(finding(3.0, certified=True, counterexample=example))
    assert made.verdict == Verdict.REFUTED
    assert made.reason.endswith("that anyone can recheck: two inputs with the same logits")


@pytest.mark.parametrize(("count", "expected"), [(4, Verdict.INCONCLUSIVE), (5, Verdict.SUPPORTED)])
def test_fewer_than_five_trainings_decide_nothing(count: int, expected: Verdict) -> None:
    trained = measured(3.0, estimate=student_mean(units(3.0, 5)[:count] * 0 + 3.0, unit="training"))
    made = judged(Finding(headline=(trained,)))
    assert made.verdict == expected
    assert not made.reason or made.reason.startswith("4 trainings an arm, where 5 are needed to decide: x = 3")
    assert count == 5 or not made.sensitivity
    straddling = measured(1.2, estimate=student_mean(units(1.2, 5)[:count], unit="training"))
    assert bool(judged(Finding(headline=(straddling,))).sensitivity) == (count == 5)


def test_one_training_has_no_interval_and_says_so() -> None:
    made = judged(Finding(headline=(measured(0, estimate=student_mean(np.array([2.0]), unit="training")),)))
    assert made.reason.endswith("x = 2 [no interval], claimed > 1 (1 training)")


def test_an_interval_ends_where_the_quantity_does() -> None:
    beyond = replace(SAMPLING.mean(units(0.9)), low=0.8, high=1.3)
    assert judged(Finding(headline=(measured(0, estimate=beyond, within=(0.0, 1.0)),))).criteria[0].high == 1.0
    assert judged(Finding(headline=(measured(0, estimate=beyond),))).verdict == Verdict.INCONCLUSIVE
    assert judged(Finding(headline=(measured(0, estimate=beyond, within=(0.0, 1.0)),))).verdict == Verdict.REFUTED


def test_a_large_p_refutes_nothing() -> None:
    luck = Measured("p", exact(0.4, 20, "order"), "<=", 0.05, fails_open=True)
    assert judged(Finding(headline=(measured(3.0), luck))).verdict == Verdict.INCONCLUSIVE
    assert judged(Finding(headline=(measured(0.0), luck))).verdict == Verdict.REFUTED
    said = judged(Finding(headline=(measured(3.0), luck))).sensitivity
    assert "p: supported at thresholds down to 0.4, inconclusive below (claimed <= 0.05)" in said


def test_a_share_of_orders_is_its_own_p() -> None:
    luck = Measured("p", exact(0.4, 20, "order"), "<=", 0.05, fails_open=True)
    assert judged(Finding(headline=(luck,))).criteria[0].p == 0.4


def test_an_interval_that_nothing_was_drawn_for_shrinks_with_no_more_units() -> None:
    wide = replace(SAMPLING.mean(units(1.05)), low=0.5, high=1.5, draws=())
    assert judged(Finding(headline=(measured(0, estimate=wide),))).reason == (
        "x = 1.05 [0.5, 1.5], claimed > 1 (20 sequences)"
    )


def test_a_threshold_can_be_overridden_and_the_record_says_so() -> None:
    assert judged(finding(3.0), bound=5.0).verdict == Verdict.REFUTED
    made = record_of(
        CLAIM,
        {},
        checkpoint={"name": "m"},
        judged=unmeasured(Verdict.REFUTED, ""),
        overrides={"example.bound": 5.0},
    )
    assert made.thresholds["bound"] == {"value": 5.0, "why": "because"}


def test_a_refutation_names_the_layer_that_is_farthest_off() -> None:
    curve = Curve("x", (3, 5, 7), (0.5, SAMPLING.mean(units(-2.0)), None), "bound")
    reason = judged(Finding(headline=(measured(0.0),), layers=(curve,))).reason
    assert reason.endswith("farthest off is layer 5 with x -2")


@pytest.mark.parametrize(
    ("headline", "excess", "bound", "expected"),
    [
        (3.0, 3.0, 1.0, [Verdict.SUPPORTED, Verdict.INCONCLUSIVE, Verdict.PARTLY]),
        (0.0, 0.0, 1.0, [Verdict.VACUOUS, Verdict.INCONCLUSIVE, Verdict.REFUTED]),
    ],
)
def test_a_verdict_flips_where_the_sensitivity_says(
    headline: float, excess: float, bound: float, expected: list[Verdict]
) -> None:
    found = Finding(
        headline=(measured(headline),),
        excess=(Measured("beyond", SAMPLING.mean(units(excess)), ">", bound),),
    )
    made = judged(found)
    first = made.criteria[0]
    assert first.low is not None
    assert first.high is not None
    assert made.sensitivity[0] == (
        f"x: {expected[0]} at thresholds up to {first.low:.4g}, {expected[1]} up to {first.high:.4g}, "
        f"{expected[2]} above (claimed > 1)"
    )
    places = (first.low - 1e-6, (first.low + first.high) / 2, first.high + 1e-6)
    assert [judged(found, bound=place).verdict for place in places] == expected


def test_a_threshold_that_changes_nothing_is_not_told() -> None:
    assert judged(finding(3.0, 0.0, parts=(PART_REFUTED,))).sensitivity[-1].startswith("x minus that of noise")


def test_nothing_measured_is_an_error_never_a_verdict() -> None:
    empty = Finding(headline=(Measured("x", replace(exact(0, 1), n=0), "<=", "bound"),))
    with pytest.raises(ValueError, match="nothing was measured"):
        judged(empty)


def test_records_survive_a_round_trip_and_hold_no_nan(tmp_path: Path) -> None:
    made = record()
    assert from_json(to_json(made)) == made
    broken = replace(made, criteria=[replace(made.criteria[0], value=math.nan)])
    assert from_json(to_json(broken)).criteria[0].value is None
    write_records(tmp_path / "records.jsonl", [made, replace(made, claim="another")])
    path = tmp_path / "records.jsonl"
    assert [r.claim for r in read_records(path)] == ["another", "example"]
    (tmp_path / "records.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert [r.claim for r in read_records(path)] == ["another", "example"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "not JSON"), ("[]", "not a record of schema"), ('{"schema": 1}', "has no field 'claim'")],
)
def test_a_damaged_line_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(to_json(record()) + "\n" + text + "\n")
    with pytest.raises(ValueError, match=f"line 2 .*{sentence}"):
        read_records(path)


def test_records_of_schema_1_are_read_with_roles() -> None:
    stored = Path(__file__).parent / "records-schema-1.jsonl"
    lines = [json.loads(line) for line in stored.read_text(encoding="utf-8").splitlines()]
    read = read_records(stored)
    assert {line["schema"] for line in lines} == {1}
    assert [r.schema for r in read] == [2] * len(lines)
    assert {r.evidence for r in read} == {None}  # unknown, which is not none
    for old, new in zip(lines, read, strict=True):
        assert (new.checkpoint, new.claim, new.variant) == (old["checkpoint"], old["claim"], old["fork"])
        assert (new.verdict, new.reason) == (old["verdict"], old["reason"])
        deciding = [c["name"] for c in old["criteria"] if c["decides"]]
        assert [c.name for c in new.criteria if c.role is Role.HEADLINE] == deciding
        beside = [c["name"] for c in old["null"] if c["decides"]]
        assert [c.name for c in new.criteria if c.role is Role.CONTROL] == beside
        assert from_json(to_json(new)) == new
    assert {r.kind for r in read} == {"finding", "identity"}


def test_holm_spans_the_whole_run_and_leaves_the_raw_p() -> None:
    two = [record(), record(mean=2.0, claim="second")]
    adjusted = adjust(two)
    for before, after in zip(sorted(two, key=lambda r: r.key), adjusted, strict=True):
        assert after.criteria[0].p == before.criteria[0].p
        assert after.criteria[0].p_adjusted is not None
        assert before.criteria[0].p is not None
        assert after.criteria[0].p_adjusted >= before.criteria[0].p
    assert max(r.criteria[0].p_adjusted or 0 for r in adjusted) == pytest.approx(2 / 500)


def test_streams_depend_on_their_labels_alone() -> None:
    first, same, other = (Sampling(1).rng("a", 2), Sampling(1).rng("a", 2), Sampling(1).rng("a", 3))
    assert first.random() == same.random() != other.random()
