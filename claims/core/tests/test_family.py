"""Holm over claims and checkpoints: one p each, the largest of what must hold."""

from dataclasses import replace

import pytest

from claims.core.multiplicity import adjust
from claims.core.record import Criterion, Record
from claims.core.verdict import Role
from claims.tests.support.example_claim import record


def asked(claim: str, *ps: float | None, primary: bool = True) -> Record:
    made = record(claim=claim)
    criteria = [replace(made.criteria[place % 2], name=str(place), p=p) for place, p in enumerate(ps)]
    return replace(made, criteria=criteria, primary=primary)


def adjusted(records: list[Record]) -> dict[str, list[float | None]]:
    return {each.claim: [criterion.p_adjusted for criterion in each.criteria] for each in adjust(records)}


def test_a_claim_has_one_p_the_largest_of_its_headline_and_excess() -> None:
    found = adjusted([asked("a", 0.01, 0.02), asked("b", 0.001)])
    assert found == {"a": [pytest.approx(0.02)] * 2, "b": [pytest.approx(0.002)]}


def test_a_claim_of_which_one_of_them_has_no_p_has_none() -> None:
    found = adjusted([asked("a", 0.01, None), asked("b", 0.001)])
    assert found == {"a": [None, None], "b": [pytest.approx(0.001)]}


def test_rows_beside_and_other_readings_are_no_claims() -> None:
    beside: Criterion = replace(record().criteria[0], p=0.9, role=Role.REPORTED)
    claim = asked("a", 0.01)
    part = replace(beside, role=Role.PART)
    others = (
        asked("other variant", 0.5, primary=False),
        replace(asked("theorem", 0.6), kind="theorem"),
        replace(asked("untrained", 0.7), checkpoint={"name": "m", "control": True}),
    )
    found = adjusted([replace(claim, criteria=[*claim.criteria, beside, part]), *others])
    assert found == {"a": [pytest.approx(0.01), None, None]} | {other.claim: [None] for other in others}


def test_counts_alone_have_none() -> None:
    assert adjusted([asked("a", None), asked("b", 0.04)]) == {"a": [None], "b": [pytest.approx(0.04)]}
