"""Planted readings of generated text: the same twice, different, near-tied, and without any choice at all."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.test_teacher_forcing import test_teacher_forcing as teacher_forcing
from claims.tests.support.verdicts import SAMPLING, two_layers, verdict
from fixtures.architectures.tiny_models import tiny_model
from fixtures.discovery.card import read_routers
from fixtures.discovery.routers import find_moe_layers
from fixtures.evidence.teacher_forcing import GenerationCheck, LayerCheck
from fixtures.interventions.teacher_forcing import check_generation
from fixtures.planted.tokens import World
from fixtures.tests.support.odd_routers import olmoe_with
from fixtures.tests.support.stateful_router import ParityRouter
from metrics.arrays import BoolArray
from metrics.stats.sampling import Sampling

# The claim is imported under a name that pytest does not collect.

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
            logit_difference=np.full(TOKENS, 1e-7),
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


def judged(generation: GenerationCheck, flip_rate: float = 0.0, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(teacher_forcing, trace=replace(TRACE, flip_rate=flip_rate), generation=generation, sampling=sampling)


def test_equal_readings_are_supported() -> None:
    assert judged(planted()) == Verdict.SUPPORTED


def test_one_choice_apart_refutes() -> None:
    assert judged(planted(at((20, 1)))) == Verdict.REFUTED
    assert judged(planted(at((2, 1)))) == Verdict.SUPPORTED  # of the prompt, which was not generated


def test_a_near_tie_is_excused_with_what_follows_it_and_nothing_else() -> None:
    tie = at((20, 1))
    for same in ((20, 1), (20, 2), (29, 2)):
        assert judged(planted(at((20, 1), same), tie)) == Verdict.SUPPORTED
    for other in ((19, 2), (20, 0), (29, 1), (30 + 29, 2)):  # earlier, in a lower layer, in another sequence
        assert judged(planted(at((20, 1), other), tie)) == Verdict.REFUTED
    assert judged(planted(at((29, 2)), tie)) == Verdict.REFUTED  # the near-tie fell the same way: no excuse
    assert judged(planted(at((2, 0), (29, 2)), at((2, 0)))) == Verdict.SUPPORTED  # it lay in the prompt


def test_a_router_without_a_choice_is_vacuous() -> None:
    same = planted()
    constant = np.tile(np.arange(3, dtype=np.int16), (TOKENS, 1))
    layers = tuple(replace(layer, generated=constant, forced=constant) for layer in same.layers)
    assert judged(replace(same, layers=layers)) == Verdict.VACUOUS


def test_shorter_types_are_judged_by_the_visits_that_go_elsewhere() -> None:
    # Rounding moves a few choices even where another batch size moves none; that is no other routing.
    random = np.random.default_rng(1)
    few, many = (random.random((TOKENS, LAYERS)) < share for share in (0.02, 0.3))
    for flip_rate in (0.0, 0.1):
        assert judged(planted(few, dtype="bfloat16"), flip_rate=flip_rate) == Verdict.SUPPORTED
        assert judged(planted(many, dtype="bfloat16"), flip_rate=flip_rate) == Verdict.REFUTED
    assert judged(planted(few), flip_rate=0.1) == Verdict.REFUTED  # float32 is not allowed it


def test_a_choice_counts_by_the_experts_that_are_others() -> None:
    every = np.ones((TOKENS, LAYERS), dtype=bool)
    check = planted(every, dtype="bfloat16")
    moved = [set(a) - set(b) for one in check.layers for a, b in zip(one.generated, one.forced, strict=True)]
    written = np.tile(check.is_generated, LAYERS)
    visits, choices = teacher_forcing(trace=TRACE, generation=check, sampling=SAMPLING).criteria[:2]
    assert visits.estimate.value == pytest.approx(np.array([len(one) / 3 for one in moved])[written].mean())
    assert choices.estimate.value == 1.0
    assert not choices.decides


def test_nothing_to_compare_is_not_applicable() -> None:
    everywhere = np.ones((TOKENS, LAYERS), dtype=bool)
    for check in (planted(is_generated=np.zeros(TOKENS, dtype=bool)), planted(tied=everywhere)):
        with pytest.raises(NotApplicable, match="free of near-ties"):
            judged(check)


def test_figure_and_curve_show_the_share_by_layer() -> None:
    finding = teacher_forcing(trace=TRACE, generation=planted(at((20, 1))), sampling=SAMPLING)
    assert finding.figure is not None
    same, following = finding.figure.series
    assert same.x == [0.0, 1.0, 2.0]
    assert same.y[0] == same.y[2] == 1.0 > same.y[1]
    assert max(following.y) < 0.1
    assert "Of 1,152 choices on generated tokens 1 differ; 0 are near-ties" in finding.notes[0]


def test_real_models_honest_and_doctored() -> None:
    prompts = np.random.default_rng(3).integers(3, 128, (6, 12)).tolist()
    verdicts = []
    for model in (tiny_model("olmoe"), olmoe_with(ParityRouter)):
        routers = read_routers(model, find_moe_layers(model))
        verdicts.append(judged(check_generation(model, routers, prompts, new_tokens=10, seed=0)))
    assert verdicts == [Verdict.SUPPORTED, Verdict.REFUTED]


def test_false_support_stays_below_five_percent() -> None:
    """Readings of which one visit in twenty goes elsewhere: on the border of what is allowed."""
    random = np.random.default_rng(4)
    every = planted(np.ones((TOKENS, LAYERS), dtype=bool), dtype="bfloat16")
    whole = teacher_forcing(trace=TRACE, generation=every, sampling=SAMPLING).criteria[0].estimate.value
    found = [
        judged(planted(random.random((TOKENS, LAYERS)) < 0.05 / whole, dtype="bfloat16"), sampling=Sampling(i, 199))
        for i in range(200)
    ]
    assert sum(one == Verdict.SUPPORTED for one in found) <= 0.05 * 200
