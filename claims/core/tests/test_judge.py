"""From findings to records: thresholds, nulls, reasons, multiplicity, and records that survive a round trip."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.core.claim import Claim, Threshold
from claims.core.finding import Curve, Finding, Measured
from claims.core.judge import judge, record_of
from claims.core.multiplicity import adjust
from claims.core.record import Record, from_json, read_records, to_json, write_records
from claims.core.verdict import Verdict
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling

CLAIM = Claim(
    id="example",
    group="A",
    title="Example",
    source="here",
    figures=(),
    statement="x is large",
    equation="x > 1",
    definition="ours",
    null_says="noise",
    paper="-",
    thresholds={"bound": Threshold(1.0, "because")},
)
SAMPLING = Sampling(seed=3, resamples=499)


def units(mean: float, n: int = 20) -> np.ndarray:
    return mean + np.linspace(-1, 1, n)


def finding(mean: float, null: float = 0.0) -> Finding:
    return Finding(
        criteria=(Measured("x", SAMPLING.mean(units(mean)), ">", "bound"),),
        null=(Measured("x of noise", SAMPLING.mean(units(null)), ">", "bound"),),
    )


def record(mean: float = 3.0, **changes: object) -> Record:
    found = finding(mean)
    verdict, reason, criteria, null = judge(CLAIM, found, {})
    made = record_of(
        CLAIM, {}, checkpoint={"name": "m"}, verdict=verdict, reason=reason, finding=found, criteria=criteria, null=null
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mean", "null", "expected"),
    [
        (3.0, 0.0, Verdict.SUPPORTED),
        (3.0, 3.0, Verdict.VACUOUS),
        (0.0, 0.0, Verdict.REFUTED),
        (1.0, 0.0, Verdict.INCONCLUSIVE),
    ],
)
def test_each_verdict_has_its_case(mean: float, null: float, expected: Verdict) -> None:
    assert judge(CLAIM, finding(mean, null), {})[0] == expected


@pytest.mark.parametrize(
    ("null", "expected"), [(0.0, Verdict.SUPPORTED), (1.0, Verdict.INCONCLUSIVE), (3.0, Verdict.VACUOUS)]
)
def test_a_positive_control_must_fail_outright(null: float, expected: Verdict) -> None:
    assert judge(CLAIM, replace(finding(3.0, null), control=True), {})[0] == expected


def test_an_undecided_control_is_named_with_what_would_decide_it() -> None:
    reason = judge(CLAIM, replace(finding(3.0, 1.05), control=True), {})[1]
    assert reason.startswith("the criteria hold, but the positive control is undecided: x of noise = 1.05 [")
    assert "more sequences would decide it" in reason
    missing = judge(CLAIM, replace(finding(3.0), null=(), control=True), {})
    assert missing[0] == Verdict.INCONCLUSIVE
    assert missing[1].endswith("the positive control is undecided: it could not be measured")


def test_an_interval_that_nothing_was_drawn_for_shrinks_with_no_more_units() -> None:
    wide = replace(SAMPLING.mean(units(1.05)), low=0.5, high=1.5, draws=())
    reason = judge(CLAIM, Finding(criteria=(Measured("x", wide, ">", "bound"),)), {})[1]
    assert reason == "x = 1.05 [0.5, 1.5], claimed > 1 (20 sequences)"


def test_a_threshold_can_be_overridden_and_the_record_says_so() -> None:
    assert judge(CLAIM, finding(3.0), {"example.bound": 5.0})[0] == Verdict.REFUTED
    made = record_of(
        CLAIM, {}, checkpoint={"name": "m"}, verdict=Verdict.REFUTED, reason="", overrides={"example.bound": 5.0}
    )
    assert made.thresholds["bound"] == {"value": 5.0, "why": "because"}


def test_a_refutation_names_the_layer_that_is_farthest_off() -> None:
    curve = Curve("x", (3, 5, 7), (0.5, SAMPLING.mean(units(-2.0)), None), "bound")
    reason = judge(CLAIM, replace(finding(0.0), layers=(curve,)), {})[1]
    assert reason.endswith("farthest off is layer 5 with x -2")


def test_an_inconclusive_verdict_says_how_much_more_would_decide() -> None:
    reason = judge(CLAIM, finding(1.05), {})[1]
    assert "more sequences would decide it" in reason


def test_nothing_measured_is_an_error_never_a_verdict() -> None:
    empty = Finding(criteria=(Measured("x", replace(exact(0, 1), n=0), "<=", "bound"),))
    with pytest.raises(ValueError, match="nothing was measured"):
        judge(CLAIM, empty, {})


def test_records_survive_a_round_trip_and_hold_no_nan(tmp_path: Path) -> None:
    made = record()
    assert from_json(to_json(made)) == made == from_json(to_json(made).replace('"fork": ', '"variant": '))
    broken = replace(made, criteria=[replace(made.criteria[0], value=math.nan)])
    assert from_json(to_json(broken)).criteria[0].value is None
    write_records(tmp_path / "records.jsonl", [made, replace(made, claim="another")])
    assert [r.claim for r in read_records(tmp_path / "records.jsonl")] == ["another", "example"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "not JSON"), ("[]", "not a record of schema"), ('{"schema": 1}', "has no field 'claim'")],
)
def test_a_damaged_line_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(to_json(record()) + "\n" + text + "\n")
    with pytest.raises(ValueError, match=f"line 2 .*{sentence}"):
        read_records(path)


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
