"""The take-away of a checkpoint follows its rule, tells only what the records say, and names what was not asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claims.core.record import Record, from_json, read_records, to_json
from claims.core.verdict import Role, Verdict
from reports.data.board import board
from reports.data.sizes import in_words
from reports.pages.takeaway import TakeAway, takeaways
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import criterion, judged, record, run
from reports.text.numbers import interval

SAMPLE = Path(__file__).parents[3] / "docs" / "sample" / "records.jsonl"
FAR, NEAR = (-0.4, -0.5, -0.3), (0.1, 0.05, 0.15)


def of(*records: Record) -> TakeAway:
    (found,) = takeaways(board(records))
    return found


def refuted(claim: str, ends: tuple[float, float, float], **more: Any) -> Record:
    return replace(judged(claim, "a", criterion("share", ends, ">= 0.2")), **more)


def supported(claim: str, ends: tuple[float, float, float] = (0.6, 0.5, 0.7)) -> Record:
    return judged(claim, "a", criterion("share", ends, ">= 0.2"))


def test_two_that_fail_the_farthest_first_then_one_that_holds() -> None:
    found = of(
        refuted("near", NEAR),
        refuted("far", FAR),
        refuted("nearer", (0.15, 0.12, 0.18)),
        supported("holds"),
        supported("holds-more", (0.9, 0.8, 1.0)),
    )
    assert [told.claim for told in found.told] == ["far", "near", "holds-more"]
    assert found.told[0].number == "share -0.400 [-0.500, -0.300]"
    assert found.told[0].claimed == ">= 0.2"
    assert found.short == "Of 5 empirical claims, 2 hold and 3 do not hold."


def test_refuted_comes_before_partly_and_partly_before_vacuous() -> None:
    yes, no = criterion("excess", (0.6, 0.5, 0.7), ">= 0.2", role=Role.EXCESS), (0.01, 0.0, 0.02)
    partly = judged("partly", "a", criterion("share", (0.05, 0.04, 0.06), ">= 0.2"), yes)
    vacuous = judged(
        "vacuous", "a", criterion("s", (0.6, 0.5, 0.7), ">= 0.2"), criterion("x", no, ">= 0.1", role=Role.EXCESS)
    )
    found = of(vacuous, partly, refuted("refuted", NEAR))
    assert [told.verdict for told in found.told] == [Verdict.REFUTED, Verdict.PARTLY, Verdict.VACUOUS]
    assert found.told[1].beyond == "excess 0.600 [0.500, 0.700]"
    assert (found.told[2].number, found.told[2].beyond) == ("x 0.0100 [0, 0.0200]", "s 0.600 [0.500, 0.700]")
    assert found.told[2].beside == "the claim's own number"


def test_an_open_claim_is_counted_and_not_told_and_holding_ones_fill_the_rest() -> None:
    found = of(supported("b"), supported("c"), supported("d"), supported("e"), refuted("open", (0.2, 0.1, 0.3)))
    assert [told.claim for told in found.told] == ["b", "c", "d"]
    assert found.short == "Of 5 empirical claims, 4 hold and 1 is open."


def test_what_could_not_be_asked_is_told_by_the_premise_that_failed() -> None:
    premise = criterion("nats", (0.1, 0.05, 0.2), ">= 0.5", role=Role.PREMISE)
    unasked = [judged(claim, "a", criterion("share", FAR, ">= 0.2"), premise) for claim in ("x", "y")]
    found = of(*unasked, record("z", "a", Verdict.NOT_APPLICABLE, reason="no chat template."))
    assert found.asked == 0
    assert found.short == "No empirical claim could be asked."
    assert [(one.claims, one.reason) for one in found.unasked] == [
        (("x", "y"), "nats 0.100 [0.0500, 0.200], where >= 0.5 is needed"),
        (("z",), "no chat template"),
    ]


def test_routing_alone_names_no_premise_of_each_claim() -> None:
    routed = {"name": "org/moe", "evidence": "routing alone", "moe_layers": 16, "experts": 64, "top_k": 8}
    unasked = record("x", "a", Verdict.NOT_APPLICABLE, reason="it needs router logits")
    found = of(*(replace(one, checkpoint=routed) for one in (supported("b"), unasked)))
    assert found.sizes == "16 MoE layers captured, top-8 of 64 experts"
    assert found.unasked[0].reason == "what is asked is not in the routing that was captured"


def test_controls_experiments_and_theorems_have_no_take_away() -> None:
    names = [one.name for one in takeaways(board([*run(), *others()]))]
    assert names == ["example/MoE-16B-A3B", "zoo/balanced", "zoo/unbalanced", "zoo/dense", "zoo/dense-sandwich"]
    theorem = record("t", "a", Verdict.SUPPORTED, kind="theorem")
    assert takeaways(board([theorem])) == []


def test_of_a_refuted_claim_the_null_that_failed_is_told() -> None:
    yes, straddling, no = (0.6, 0.5, 0.7), (0.1, -0.3, 0.4), (-0.2, -0.3, -0.1)
    beyond = [
        criterion(f"minus {name}", ends, ">= 0.2", role=Role.EXCESS)
        for name, ends in (("plain text", straddling), ("chance", yes), ("none", no))
    ]
    found = of(judged("a", "a", criterion("share", FAR, ">= 0.2"), *beyond))
    assert (found.told[0].verdict, found.told[0].beyond) == (Verdict.REFUTED, "minus none -0.200 [-0.300, -0.100]")


@pytest.mark.parametrize("records", [[*run(), *others()], read_records(SAMPLE)], ids=["planted", "sample"])
def test_every_number_of_a_take_away_is_of_the_claims_record(records: list[Record]) -> None:
    whole = board(records)
    for one in takeaways(whole):
        for told in one.told:
            place = next(name for name in whole.places if name.startswith(one.name))
            record = whole.cells[told.claim, place].primary
            said = {(f"{c.name} {interval(c)}", c.holds) for c in record.criteria}
            numbers = {told.number, told.beyond} - {""}
            assert told.verdict == record.verdict
            assert numbers <= {text for text, _ in said}
            if told.verdict == Verdict.REFUTED:
                assert {(text, False) for text in numbers} <= said


def test_advice_is_told_of_what_fails_alone_and_old_records_have_none() -> None:
    means, check = "Pruning by it is a guess.", "The loss on your own prompts."
    found = of(refuted("a", FAR, means=means, check=check), replace(supported("b"), means=means, check=check))
    assert [(told.means, told.check) for told in found.told] == [(means, check), ("", "")]
    line = to_json(refuted("a", FAR, means=means)).split(',"means"')[0] + "}"
    assert from_json(line).means == ""
    assert from_json(line).version == 1


@pytest.mark.parametrize("facts", [{}, {"parameters": True}, {"layers": "many"}, {"experts": None, "top_k": 2}])
def test_sizes_say_what_is_known(facts: dict[str, object]) -> None:
    assert in_words(facts) == ""
