"""What the runner adds to a finding before it is judged: that the loaded routers are those of the checkpoint."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claims.core.claim import Claim, Threshold
from claims.core.finding import Finding, Measured
from claims.core.record import Record
from claims.core.verdict import Verdict
from claims.runner.measuring import Asked, measure
from claims.runner.twin import Answered, Ask
from fixtures.evidence.trace import Trace
from fixtures.tests.support.random_trace import example
from metrics.stats.bootstrap import exact


def asked(changed: float, kind: Any, folder: Path, asks: Any = "choice", beyond: float = 0.0, **more: Any) -> Asked:
    fields: dict[str, Any] = {name: name for name in ("title", "source", "statement", "equation", "definition")}
    bound = {"bound": Threshold(1.0, "because")}
    bound |= {"beyond": Threshold(beyond, "because")} if beyond else {}
    fields |= {"id": "x", "group": "A", "null_says": "n", "paper": "p", "figures": ()}
    one = Claim(thresholds=bound, kind=kind, asks=asks, **fields)
    router = {"other experts than stored": changed, "asked": 3072}
    return Asked(one, {}, {"name": "c", "router": router, **more}, (), {}, folder, {})


def holds() -> Finding:
    return Finding(headline=(Measured("x", exact(2, 5), ">", "bound"),))


@pytest.mark.parametrize(
    ("changed", "kind", "expected"),
    [
        (0.18, "finding", Verdict.NOT_APPLICABLE),
        (0.01, "finding", Verdict.SUPPORTED),
        (0.18, "theorem", Verdict.SUPPORTED),  # true of any router, whoever stored it
    ],
)
def test_claims_about_a_router_that_is_not_the_stored_one_do_not_apply(
    changed: float, kind: str, expected: Verdict, tmp_path: Path
) -> None:
    record = measure(asked(changed, kind, tmp_path), holds, {})
    assert record.verdict is expected
    assert ("18" in record.reason) == (expected is Verdict.NOT_APPLICABLE)


def fails() -> Finding:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("asks", "silent", "every", "said"),
    [
        ("choice", [1], [], "routers of 1 of 6 MoE layers give every token the same logits (layer 1)"),
        ("logits", [1, 2], [], "routers of 2 of 6 MoE layers give every token the same logits (layers 1, 2)"),
        (
            "choice",
            [],
            [0, 1, 2, 3, 4, 5],
            "6 of 6 MoE layers use all their experts for every token (layers 0, 1, 2, …)",
        ),
        ("logits", [], [0, 1], ""),
        ("states", [1], [0], ""),
        ("choice", [], [], ""),
    ],
)
def test_claims_about_a_choice_do_not_apply_where_nothing_is_chosen(
    asks: str, silent: list[int], every: list[int], said: str, tmp_path: Path
) -> None:
    choice = {"same logits": silent, "all experts": every}
    case = asked(0.0, "finding", tmp_path, asks, choice=choice, moe_layers=6)
    assert measure(case, holds, {}).verdict is (Verdict.NOT_APPLICABLE if said else Verdict.SUPPORTED)
    record = measure(case, fails, {})  # whatever the claim's own arithmetic would have done
    assert record.verdict is (Verdict.NOT_APPLICABLE if said else Verdict.ERROR)
    assert said in record.reason


def test_a_record_has_the_digest_of_the_evidence_that_its_function_was_given(tmp_path: Path) -> None:
    def of_trace(trace: Trace) -> Finding:
        return holds()

    def record_of(trace: Trace) -> Record:
        return measure(asked(0.0, "theorem", tmp_path), of_trace, {"trace": trace})

    one, same, other = (record_of(example(seed=seed, sequences=2, length=3, layers=1)) for seed in (1, 1, 2))
    assert one.evidence == same.evidence != other.evidence
    assert measure(asked(0.0, "theorem", tmp_path), holds, {}).evidence == ""


def beside(found: Finding | None, said: list[str], *, unread: bool = False) -> Ask:
    def ask(test: Any, arguments: Mapping[str, Any]) -> Answered:
        said.append("asked")
        return Answered("c-init", "abc", found, "" if found else "it read another text", unread, "0123")

    return ask


def test_only_what_speaks_for_a_claim_is_held_against_the_untrained_twin(tmp_path: Path) -> None:
    def below() -> Finding:
        return Finding(headline=(Measured("x", exact(0, 5), ">", "bound"),))

    said: list[str] = []
    case = replace(asked(0.0, "finding", tmp_path, beyond=0.5), twin=beside(holds(), said))
    assert measure(case, below, {}).verdict is Verdict.REFUTED
    assert not said
    record = measure(case, holds, {})
    assert (record.verdict, said) == (Verdict.VACUOUS, ["asked"])
    assert "x, minus the untrained twin's = 0, claimed >= 0.5" in record.reason
    assert record.notes == ["Held against the untrained twin c-init, revision abc."]
    assert record.provenance["untrained"] == "c-init"
    alone = measure(replace(case, twin=None), holds, {})
    assert (alone.verdict, alone.evidence == record.evidence) == (Verdict.SUPPORTED, False)


def test_a_twin_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    case = replace(asked(0.0, "finding", tmp_path, beyond=0.5), twin=beside(None, []))
    record = measure(case, holds, {})
    assert record.verdict is Verdict.SUPPORTED
    assert record.notes == ["The untrained twin c-init could not be asked: it read another text."]
    unread = measure(replace(case, twin=beside(None, [], unread=True)), holds, {})
    assert unread.verdict is Verdict.INCONCLUSIVE
    assert unread.reason == "the untrained twin c-init could not be asked: it read another text"
    assert [one.holds for one in unread.criteria] == [True]
