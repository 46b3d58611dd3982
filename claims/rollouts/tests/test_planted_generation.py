"""Planted readings of generated text: the same twice, different, near-tied, and without any choice at all."""

from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.rollouts import test_teacher_forcing
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.verdicts import finding_of, outcome, two_layers
from fixtures.architectures.tiny_models import tiny_model
from fixtures.discovery.card import read_routers
from fixtures.discovery.moe_layers import find_moe_layers
from fixtures.evidence.teacher_forcing import GenerationCheck, LayerCheck
from fixtures.interventions.teacher_forcing import check_generation
from fixtures.planted.tokens import World
from fixtures.tests.support.odd_routers import ParityRouter, olmoe_with
from metrics.arrays import BoolArray
from metrics.stats.estimate import Estimate

teacher_forcing = test_teacher_forcing.test_teacher_forcing
TRACE = two_layers(World(), 6)
SEQUENCES, PROMPT, LENGTH, LAYERS, EXPERTS = 16, 6, 30, 3, 16
TOKENS = SEQUENCES * LENGTH


def planted(apart: BoolArray | None = None, tied: BoolArray | None = None, **fields: Any) -> GenerationCheck:
    """Two readings of random choices of 3 experts that differ where told, bool (N, L)."""
    random = np.random.default_rng(0)
    nothing = np.zeros((TOKENS, LAYERS), dtype=bool)
    apart, tied = nothing if apart is None else apart, nothing if tied is None else tied

    def layer(number: int) -> LayerCheck:
        forced = np.sort(random.permuted(np.tile(np.arange(EXPERTS), (TOKENS, 1)), axis=1)[:, :3], axis=1)
        other = np.sort((forced + 1) % EXPERTS, axis=1)
        return LayerCheck(
            layer=number,
            generated=np.where(apart[:, [number]], other, forced).astype(np.int16),
            forced=forced.astype(np.int16),
            near_tie=tied[:, number],
        )

    check = GenerationCheck(
        sequence=np.repeat(np.arange(SEQUENCES, dtype=np.int32), LENGTH),
        is_generated=np.tile(np.arange(LENGTH) >= PROMPT, SEQUENCES),
        layers=tuple(layer(number) for number in range(LAYERS)),
        prediction_difference=np.full(SEQUENCES, 1e-6),
        dtype="float32",
        tolerance=1e-4,
    )
    return replace(check, **fields)


def at(*cells: tuple[int, int]) -> BoolArray:
    """Cells (token, layer) of the first sequence."""
    found = np.zeros((TOKENS, LAYERS), dtype=bool)
    for token, layer in cells:
        found[token, layer] = True
    return found


def excused(*apart: tuple[int, int], tie: tuple[int, int] = (20, 1)) -> GenerationCheck:
    """Choices that differ, of which one is a near-tie."""
    return planted(at(*apart), at(tie))


def constant() -> GenerationCheck:
    """A router without a choice."""
    same, one = planted(), np.tile(np.arange(3, dtype=np.int16), (TOKENS, 1))
    return replace(same, layers=tuple(replace(layer, generated=one, forced=one) for layer in same.layers))


def moved(share: float, seed: int = 1, dtype: str = "bfloat16") -> GenerationCheck:
    """A share of the choices goes elsewhere, by rounding or by another routing."""
    return planted(np.random.default_rng(seed).random((TOKENS, LAYERS)) < share, dtype=dtype)


@cache
def whole_choice() -> float:
    """The share of its visits that a choice loses when it differs."""
    every = planted(np.ones((TOKENS, LAYERS), dtype=bool), dtype="bfloat16")
    return finding_of(teacher_forcing, **PLAIN, generation=every).headline[0].estimate.value


FLIPS: dict[str, Any] = {"trace": TRACE, "again": replace(TRACE, flip_rate=0.1)}
PLAIN: dict[str, Any] = {"trace": TRACE, "again": replace(TRACE, flip_rate=0.0)}
FREE = "free of near-ties"
CONTRACTS = (
    Contract(
        teacher_forcing,
        (
            Case("equal readings", Verdict.SUPPORTED, generation=planted, **PLAIN),
            Case("a choice of the prompt apart", Verdict.SUPPORTED, generation=lambda: planted(at((2, 1))), **PLAIN),
            *(
                Case(f"a near-tie at (20, 1), and {same}", Verdict.SUPPORTED, generation=given, **PLAIN)
                for same in ((20, 2), (29, 2))
                for given in (partial(excused, (20, 1), same),)
            ),
            Case("a near-tie alone", Verdict.SUPPORTED, generation=partial(excused, (20, 1)), **PLAIN),
            Case(
                "what follows a near-tie of the prompt", Verdict.SUPPORTED,
                generation=partial(excused, (2, 0), (29, 2), tie=(2, 0)), **PLAIN,
            ),
            Case("few visits elsewhere in bfloat16", Verdict.SUPPORTED, generation=partial(moved, 0.02), **PLAIN),
            Case("few, where batches flip as many", Verdict.SUPPORTED, generation=partial(moved, 0.02), **FLIPS),
            Case("one choice apart", Verdict.REFUTED, generation=lambda: planted(at((20, 1))), **PLAIN),
            *(  # earlier, in a lower layer, in another sequence
                Case(f"a near-tie at (20, 1), not {other}", Verdict.REFUTED, generation=given, **PLAIN)
                for other in ((19, 2), (20, 0), (29, 1), (30 + 29, 2))
                for given in (partial(excused, (20, 1), other),)
            ),
            Case("a near-tie that fell the same way", Verdict.REFUTED, generation=partial(excused, (29, 2)), **PLAIN),
            Case("many visits elsewhere in bfloat16", Verdict.REFUTED, generation=partial(moved, 0.3), **PLAIN),
            Case("many, whatever batches flip", Verdict.REFUTED, generation=partial(moved, 0.3), **FLIPS),
            Case(
                "few visits elsewhere in float32", Verdict.REFUTED,
                generation=partial(moved, 0.02, dtype="float32"), **FLIPS,
            ),
            Case("a little above the margin in bfloat16", Verdict.REFUTED, generation=partial(moved, 0.1), **PLAIN),
            Case(
                "a router without a choice", Verdict.NOT_APPLICABLE, generation=constant,
                says="not met: share of choices that differ, next token = 0", **PLAIN,
            ),
            Case(
                "visits at the threshold", Verdict.INCONCLUSIVE,
                generation=lambda: moved(0.05 / whole_choice()), **PLAIN,
            ),
            Case(
                "nothing generated", Verdict.NOT_APPLICABLE, says=FREE,
                generation=lambda: planted(is_generated=np.zeros(TOKENS, dtype=bool)), **PLAIN,
            ),
            Case(
                "near-ties alone", Verdict.NOT_APPLICABLE, says=FREE,
                generation=lambda: planted(tied=np.ones((TOKENS, LAYERS), dtype=bool)), **PLAIN,
            ),
        ),
        (
            Null(
                "one visit in twenty goes elsewhere",
                {**PLAIN, "generation": lambda seed: moved(0.05 / whole_choice(), seed)},
                limits={Verdict.SUPPORTED: 0.95},  # 4.8 % of a thousand
            ),
            Null(
                "a little less than one visit in twenty",
                {**PLAIN, "generation": lambda seed: moved(0.045 / whole_choice(), seed)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({**PLAIN, "generation": lambda seed: moved(0.02, seed)}),
        ),
        {
            Verdict.PARTLY: "it says one thing, which has no null",
            Verdict.VACUOUS: "a claim of absence has no null: its positive control is a premise",
        },
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_choice_counts_by_the_experts_that_are_others() -> None:
    every = np.ones((TOKENS, LAYERS), dtype=bool)
    check = planted(every, dtype="bfloat16")
    moved = [set(a) - set(b) for one in check.layers for a, b in zip(one.generated, one.forced, strict=True)]
    written = np.tile(check.is_generated, LAYERS)
    finding = finding_of(teacher_forcing, **FLIPS, generation=check)
    visits, choices = finding.headline[0].estimate, finding.reported[0].estimate
    assert visits.value == pytest.approx(np.array([len(one) / 3 for one in moved])[written].mean())
    assert choices.value == 1.0


@pytest.mark.parametrize(
    ("check", "apart", "share"),
    [
        (planted(at((20, 1))), 0, 1 / 1152),
        (excused((20, 1), (20, 2)), 11, 0.0),
        (excused((20, 1), (20, 2), (19, 0)), 11, 1 / (3 * 24 - 11) / SEQUENCES),
        (moved(0.02), 0, None),
    ],
)
def test_table_curve_and_note_show_one_number(check: GenerationCheck, apart: int, share: float | None) -> None:
    finding = finding_of(teacher_forcing, **PLAIN, generation=check)
    (headline,), (curve,) = finding.headline, finding.layers
    assert curve.layers == (0, 1, 2)
    drawn = [value.value for value in curve.values if isinstance(value, Estimate)]
    assert np.mean(drawn) == pytest.approx(headline.estimate.value, rel=0.2)  # layers differ in what is counted
    (note,) = finding.notes
    assert f"Of 1,152 choices on generated tokens {apart} are near-ties" in note
    said = float(note.removesuffix(", mean over sequences.").split()[-1])
    assert said == pytest.approx(headline.estimate.value, rel=1e-3)
    assert share is None or said == pytest.approx(share, rel=1e-3)


def test_real_models_honest_and_doctored() -> None:
    prompts = np.random.default_rng(3).integers(3, 128, (6, 12)).tolist()
    verdicts = []
    for model in (tiny_model("olmoe"), olmoe_with(ParityRouter)):
        routers = read_routers(model, find_moe_layers(model))
        check = check_generation(model, routers, prompts, new_tokens=10, seed=0)
        verdicts.append(outcome(teacher_forcing, generation=check, **PLAIN).verdict)
    assert verdicts == [Verdict.SUPPORTED, Verdict.REFUTED]
