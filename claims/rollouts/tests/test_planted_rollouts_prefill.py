"""Planted prompts that deep layers treat alike, and generation that separates them, or not.  GEO Fig. 9."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig09_prefill
from claims.rollouts.generation_curves import ALONE, SO_FAR
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles, unmodelled
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array

prefill_collapse = test_geo_fig09_prefill.test_prefill_collapse
CAST = Cast(questions=16, authors=2, seeds=3, layers=4, tokens=512)
SMALL = Cast(questions=12, authors=2, seeds=2, layers=4, tokens=64, wordings=1)
#: Prompts of so few tokens that equal usage is counted well below the threshold.
SHORT = replace(CAST, prompt_tokens=20)
#: More questions, whose prompts are long.
LONG = Cast(questions=32, authors=1, seeds=1, layers=4, prompt_tokens=1000, wordings=1)
#: What the reason says where generation does not separate them.
PART = "a part of the sentence is refuted: Spearman of length and cosine"


def collapsing(
    cast: Cast,
    seed: int,
    *,
    deep: float = 1.0,
    early: float = 0.3,
    apart: float = 1.0,
    even: bool = False,
    concentration: float = 0.3,
) -> SequenceTrace:
    """Prompts of which a share belongs to all, from ``early`` at the first layer to ``deep`` at the last.

    What is generated moves from there to the question's own profile by the end, by the share ``apart``. ``even``
    makes the common profile uniform, a higher ``concentration`` all profiles more even.
    """
    rng = np.random.default_rng(seed)
    question, parts = cast.rows[:, 0], len(cast.parts) - 1
    common: Float64Array = (
        np.full((1, cast.experts), 1 / cast.experts) if even else profiles(rng, cast, 1, concentration)
    )
    own = profiles(rng, cast, cast.questions, concentration)[question]
    share = np.linspace(early, deep, cast.layers)[:, None, None]
    prompt = share * common + (1 - share) * own
    way = apart * np.linspace(0, 1, parts)[:, None]
    generated = (1 - way) * prompt[:, :, None] + way * own[:, None]
    return drawn_rollouts(cast, prompt, generated, rng)


def coming_together(so_far: bool) -> SequenceTrace:
    """Prompts apart, from which generation moves to one profile."""
    rng = np.random.default_rng(1)
    question, common = CAST.rows[:, 0], profiles(rng, CAST, 1)
    own = profiles(rng, CAST, CAST.questions)[question]
    share = np.array([0.0, 0.3, 0.6, 0.9])[:, None, None]
    prompt = share * common + (1 - share) * own
    way = np.linspace(0, 1, len(CAST.parts) - 1)[:, None]
    generated = (1 - way) * (prompt[:, :, None] if so_far else own[:, None]) + way * common
    return drawn_rollouts(CAST, prompt, generated, rng)


def less_even() -> SequenceTrace:
    """Prompts that are equal in every layer, whose common profile is the less even the deeper it is."""
    rng = np.random.default_rng(1)
    cast = replace(CAST, prompt_tokens=100)
    own = profiles(rng, cast, cast.questions)[cast.rows[:, 0]]
    prompt = np.arange(1, cast.experts + 1) ** -np.linspace(0.6, 1.5, cast.layers)[:, None, None]
    prompt = np.broadcast_to(prompt / prompt.sum(axis=-1, keepdims=True), (cast.layers, *own.shape))
    way = np.linspace(0, 1, len(cast.parts) - 1)[:, None]
    return drawn_rollouts(cast, prompt, (1 - way) * prompt[:, :, None] + way * own[:, None], rng)


def relabelled(name: str, values: Sequence[str], rollouts: SequenceTrace) -> SequenceTrace:
    """The same rollouts under other labels."""
    return replace(rollouts, labels={**rollouts.labels, name: tuple(values)})


def one_of_another_kind() -> SequenceTrace:
    """Every pair of kinds would hold one question, and a third of the resamples no pair at all."""
    rollouts = collapsing(CAST, 1)
    kinds = ["odd" if question == "question 0" else "even" for question in rollouts.labels["question"]]
    return relabelled("kind", kinds, rollouts)


def one_question_each() -> SequenceTrace:
    """Every question by an author of its own."""
    rollouts = collapsing(Cast(questions=16, authors=1, seeds=2, layers=4, wordings=1), 1)
    return relabelled("author", rollouts.labels["question"], rollouts)


def ended(short: BoolArray, first: int) -> SequenceTrace:
    """Some of the rollouts end before a part."""
    rollouts = collapsing(CAST, 1)
    late = np.ix_(short, np.arange(first, len(rollouts.parts)))
    for layer in rollouts.layers:
        layer.usage[late] = 0
    rollouts.part_tokens[late] = 0
    return rollouts


VARIANTS = {"so far": {"similarity": SO_FAR}, "alone": {"similarity": ALONE}}
NOISY = partial(collapsing, SHORT, 1, concentration=1.0)
MOST_END = ~((CAST.rows[:, 0] < 2) | (CAST.rows[:, 3] == 0))


def too_little(name: str, says: str, cast: Cast, variant: str = "so far") -> Case:
    """Too few layers, tokens, seeds or questions."""
    return Case(
        name, Verdict.NOT_APPLICABLE, says=says, rollouts=partial(collapsing, cast, 1), variant=VARIANTS[variant]
    )


def both_readings(name: str, expected: Verdict, rollouts: Callable[[], SequenceTrace]) -> list[Case]:
    """Cases of the same rollouts so far, and of each stretch alone."""
    return [
        Case(f"{name}, {reading}", expected, rollouts=rollouts, variant=variant)
        for reading, variant in VARIANTS.items()
    ]


CONTRACTS = (
    Contract(
        prefill_collapse,
        (
            *both_readings("deep layers alike until generation", Verdict.SUPPORTED, partial(collapsing, CAST, 1)),
            Case("one question of another kind", Verdict.SUPPORTED, rollouts=one_of_another_kind),
            Case(
                "balance gives half", Verdict.SUPPORTED,
                rollouts=partial(collapsing, LONG, 1, concentration=1.0, early=0.0),
            ),
            Case(
                "alike and deeper, but less than stated", Verdict.PARTLY, says="falls short .*: usage cosine",
                rollouts=partial(collapsing, LONG, 1, deep=0.6, early=0.0),
            ),
            Case(
                "alike in every layer", Verdict.PARTLY, says="minus first quarter of layers = .*claimed >= 0.05",
                rollouts=partial(collapsing, LONG, 1, early=0.9),
            ),
            Case(
                "alike, and less so the deeper", Verdict.REFUTED, says="minus first quarter of layers = -0",
                rollouts=partial(collapsing, LONG, 1, deep=0.6, early=1.0),
            ),
            Case(
                "generation comes together, so far", Verdict.PARTLY, rollouts=partial(coming_together, True), says=PART
            ),
            Case(
                "generation comes together, alone", Verdict.PARTLY, rollouts=partial(coming_together, False), says=PART,
                variant=VARIANTS["alone"],
            ),
            *both_readings("balanced deep layers", Verdict.VACUOUS, partial(collapsing, CAST, 1, even=True)),
            Case(
                "apart and balanced", Verdict.REFUTED,
                rollouts=partial(collapsing, LONG, 1, deep=0.0, early=0.0, concentration=1.0),
            ),
            Case("at the threshold", Verdict.INCONCLUSIVE, rollouts=partial(collapsing, CAST, 1, deep=0.7)),
            *both_readings("less noise in less even layers", Verdict.INCONCLUSIVE, less_even),
            *(
                Case(f"counting noise, {how}", Verdict.NOT_APPLICABLE, rollouts=NOISY, variant=variant,
                     says="cosine that prompts of equal usage would reach = 0.8")
                for how, variant in VARIANTS.items()
            ),
            unmodelled(partial(collapsing, CAST, 1)),
            too_little("three layers", "3 layers with experts were read; 4 are needed", Cast(layers=3)),
            too_little("8 tokens", "end within 8 generated tokens, which leaves 2", Cast(layers=4, tokens=8)),
            too_little("one seed", "no author has two rollouts of one question", Cast(layers=4, seeds=1), "alone"),
            too_little("7 questions", "rollouts of 7 questions", Cast(layers=4, questions=7)),
            Case(
                "some of the layers", Verdict.NOT_APPLICABLE, says="4 of 24 MoE layers were read",
                rollouts=lambda: replace(collapsing(CAST, 1), checkpoint={"moe_layers": 24}),
            ),
            Case(
                "authors of one question each", Verdict.NOT_APPLICABLE, rollouts=one_question_each,
                says="0 questions are in pairs of questions of different kinds that one author",
            ),
            Case(
                "two questions answered long enough", Verdict.NOT_APPLICABLE, variant=VARIANTS["alone"],
                says="2 questions are in pairs of unrelated questions that one author answered",
                rollouts=partial(ended, MOST_END, 7),
            ),
        ),
        (
            Null(
                "prompts alike by balance", {"rollouts": partial(collapsing, SMALL, even=True)}, 49,
                {Verdict.SUPPORTED: 0.95},
            ),
            Null(
                "nearly the same experts in deep layers, but for counting noise",
                {"rollouts": partial(collapsing, replace(SMALL, prompt_tokens=80), deep=0.85, early=0.2)},
                49, {Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95},
            ),
            true_by_far({"rollouts": partial(collapsing, SMALL)}, resamples=49),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_rise_that_may_be_fading_noise_refutes_nothing() -> None:
    # All rollouts of one profile throughout: the longer the text, the more alike they are counted.
    (trend,) = finding_of(prefill_collapse, rollouts=NOISY(apart=0.0)).parts
    assert trend.estimate.value == 1.0
    assert trend.estimate.low < -0.3


@pytest.mark.parametrize("variant", VARIANTS.values())
def test_less_noise_in_less_even_layers_is_no_gain(variant: dict[str, str]) -> None:
    finding = finding_of(prefill_collapse, rollouts=less_even(), variant=variant)
    near, gain = (measured.estimate for measured in finding.headline)
    noiseless = finding.reported[1].estimate
    assert near.low > 0.9
    assert gain.value > 0.02
    assert finding.parts[0].estimate.high < -0.3
    assert gain.low == noiseless.low < 0


def test_the_figure_follows_four_layers_from_the_prompts_end() -> None:
    finding = finding_of(prefill_collapse, rollouts=collapsing(CAST, 1))
    assert finding.figure is not None
    assert [series.label for series in finding.figure.series] == list(test_geo_fig09_prefill.DEPTHS)
    last = finding.figure.series[-1]
    assert last.x == [0.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]
    assert last.y[0] > 0.95 > last.y[-1]
    curve = next(curve for curve in finding.layers if curve.name == "prompts of questions of different kinds")
    assert len(curve.values) == 4


def test_the_bars_are_the_usage_of_two_unrelated_rollouts() -> None:
    (bars,) = finding_of(prefill_collapse, rollouts=collapsing(CAST, 1)).more_figures
    assert bars.columns == 5
    assert len(bars.panels) == 20
    assert [panel.title for panel in bars.panels[:2]] == ["layer 0, prompt", "layer 0, +8"]
    for panel in bars.panels:
        one, other = panel.series
        assert (sum(one.y), sum(other.y)) == pytest.approx((1.0, 1.0), abs=0.01)
        assert one.label != other.label
    apart = [np.abs(np.subtract(panel.series[0].y, panel.series[1].y)).sum() for panel in bars.panels[-5:]]
    assert apart[0] < apart[-1]  # in the last layer


def test_short_answers_do_not_change_who_is_compared() -> None:
    # Half of the questions are answered in 16 tokens: the stretches beyond are compared among the others alone.
    finding = finding_of(prefill_collapse, rollouts=ended(CAST.rows[:, 0] % 2 == 0, 5), variant=VARIANTS["alone"])
    assert finding.notes[-1].startswith("16 of 32 pairs of author and question were left out")
