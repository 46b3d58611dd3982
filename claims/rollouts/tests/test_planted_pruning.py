"""Planted likelihoods: pruning that spares prompts, that spares nothing, and that spares everything."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.test_geo_fig08_pruning import test_pruning_prefill as pruning_prefill
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.ablation import PrunedLayer, PrunedScore, Pruning
from metrics.arrays import Float64Array
from metrics.routing.expert_subsets import Keep
from metrics.stats.sampling import Sampling

# The claim is imported under a name that pytest does not collect.

#: Relative rise on prompts and on completions, by way to prune.
Rise = tuple[float, float]
Rises = dict[Keep, Rise]
SPARED, COSTLY = (0.03, 0.20), (0.30, 0.40)
CLAIMED: Rises = {"most used": SPARED, "random": COSTLY, "least used": COSTLY}
#: The claim's own, as the test is called without pytest.
LIMITS = {"increase": 0.10, "excess": 0.0, "lead": 0.0}
NULL_WORLDS = 200


def planted(
    rises: Rises,
    *,
    lucky: Rise | None = None,
    questions: int = 40,
    seed: int = 0,
    noise: float = 0.02,
    depths: tuple[int, ...] = (1, 2, 4),
    spread: float = 0.0,
) -> Pruning:
    """A prompt and two rollouts of each question, whose NLL rises as given, with noise of each question's own.

    One random choice of 19 rises as ``lucky``, where that is given; every choice's rise on prompts varies by ``spread``
    about its mean.
    """
    random = np.random.default_rng(seed)
    owner = np.tile(np.arange(questions), 3)
    prompt = random.uniform(20, 60, questions)[owner]
    completion = random.uniform(80, 200, len(owner)) * (np.arange(len(owner)) >= questions)

    def risen(rise: Rise) -> tuple[Float64Array, Float64Array]:
        own, other = random.normal(0, noise, (2, questions))
        varied = rise[0] + random.normal(0, spread)
        return prompt * (1 + varied + own[owner]), completion * (1 + rise[1] + other[owner])

    def score(keep: Keep, last: int) -> PrunedScore:
        draws = [rises[keep]] * (19 if keep == "random" else 1)
        if lucky is not None and keep == "random":
            draws[7] = lucky
        found = [risen(rise) for rise in draws]
        return PrunedScore(keep, last, *(np.array(column) for column in zip(*found, strict=True)))

    return Pruning(
        labels={"question": tuple(f"q{number}" for number in owner)},
        prompt_tokens=np.full(len(owner), 12),
        completion_tokens=np.where(completion > 0, 50, 0),
        prompt=prompt,
        completion=completion,
        pruned=tuple(score(keep, last) for last in depths for keep in rises),
        layers=tuple(PrunedLayer(layer, 6, np.arange(16)) for layer in range(4)),
        not_applicable={},
    )


def judged(pruned: Pruning, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(pruning_prefill, pruned=pruned, sampling=sampling, thresholds=LIMITS)


def finding_of(pruned: Pruning) -> Finding:
    return pruning_prefill(pruned=pruned, sampling=SAMPLING, thresholds=LIMITS)


def leads_of(finding: Finding) -> dict[str, Measured]:
    return {one.name: one for one in finding.null if not one.decides}


@pytest.mark.parametrize(
    ("rises", "expected"),
    [
        (CLAIMED, Verdict.SUPPORTED),
        (CLAIMED | {"most used": (0.30, 0.90)}, Verdict.REFUTED),  # prompts suffer
        (CLAIMED | {"most used": (0.06, 0.07)}, Verdict.REFUTED),  # completions hardly suffer more
        (CLAIMED | {"most used": (-0.03, -0.05)}, Verdict.REFUTED),  # both gain: no cost to be twice of
        (CLAIMED | {"random": SPARED}, Verdict.VACUOUS),  # any experts would do
        (CLAIMED | {"least used": SPARED}, Verdict.VACUOUS),  # so would those that the paragraph uses least
        (CLAIMED | {"least used": (0.01, 0.90)}, Verdict.VACUOUS),  # whatever becomes of completions
        (CLAIMED | {"most used": (0.05, 0.10)}, Verdict.INCONCLUSIVE),  # exactly twice
        (dict.fromkeys(CLAIMED, (0.0, 0.0)), Verdict.INCONCLUSIVE),
    ],
)
def test_pruning_prefill(rises: Rises, expected: Verdict) -> None:
    assert judged(planted(rises)) == expected


def test_pruning_that_changes_nothing_at_all_is_vacuous() -> None:
    assert judged(planted(dict.fromkeys(CLAIMED, (0.0, 0.0)), noise=0.0)) == Verdict.VACUOUS


@pytest.mark.parametrize(("lucky", "expected"), [(SPARED, Verdict.VACUOUS), ((0.06, 0.40), Verdict.SUPPORTED)])
def test_one_random_choice_that_does_as_well_is_enough(lucky: Rise, expected: Verdict) -> None:
    assert judged(planted(CLAIMED, lucky=lucky)) == expected


@pytest.mark.parametrize("last", [1, 2])
def test_a_lead_at_one_number_of_layers_is_not_enough(last: int) -> None:
    whole, other = planted(CLAIMED), planted(CLAIMED, lucky=SPARED)
    mixed = tuple(
        two if (one.last, one.keep) == (last, "random") else one
        for one, two in zip(whole.pruned, other.pruned, strict=True)
    )
    finding = finding_of(replace(whole, pruned=mixed))
    (decides,) = [one for one in finding.null if one.decides]
    assert decides.name == f"increase on prompts, last {last}, best of 19 random minus most used, lower end"
    assert judged(replace(whole, pruned=mixed)) == Verdict.VACUOUS


def test_the_leads_are_those_planted() -> None:
    finding = finding_of(planted(CLAIMED | {"least used": (0.10, 0.2)}, lucky=(0.07, 0.3), noise=0.0))
    assert {name: round(one.estimate.value, 9) for name, one in leads_of(finding).items()} == {
        f"increase on prompts, last {last}, {name} minus most used": lead
        for last in (1, 2)
        for name, lead in (("best of 19 random", 0.04), ("least used", 0.07))
    }
    noisy = finding_of(planted(CLAIMED | {"least used": (0.10, 0.2)}, lucky=(0.07, 0.3)))
    (decides,) = [one for one in noisy.null if one.decides]
    assert decides.estimate.value == min(one.estimate.low for one in leads_of(noisy).values())
    assert {(one.estimate.unit, one.estimate.n) for one in noisy.null} == {("question", 40)}


def test_random_choices_are_drawn_as_mean_and_range() -> None:
    finding = finding_of(planted(CLAIMED, lucky=(0.11, 0.4), noise=0.0))
    assert finding.figure is not None
    (bar,) = [series for series in finding.figure.series if series.label == "prompts, random"]
    assert bar.y == pytest.approx([0.29] * 3)
    assert bar.low == pytest.approx([0.11] * 3)
    assert bar.high == pytest.approx([0.30] * 3)


def test_the_notes_say_what_other_choices_do_and_where_nothing_rises() -> None:
    said = finding_of(planted(CLAIMED | {"least used": SPARED}, lucky=SPARED, depths=(1,))).notes
    assert (
        "Last 1: the values of 1 of 19 random choices meet both criteria, those of the least used experts do." in said
    )
    assert not any("does not rise" in note for note in said)
    said = finding_of(planted(CLAIMED | {"most used": (-0.02, 0.1)}, noise=0.0)).notes
    assert (
        "Last 2: the values of 0 of 19 random choices meet both criteria, those of the least used experts do not."
        in said
    )
    assert any(note.startswith("Last 2: the NLL of prompts does not rise at all (-0.02)") for note in said)


def test_four_layers_are_drawn_and_decide_nothing() -> None:
    costly = planted(CLAIMED | {"most used": COSTLY}, seed=1)
    mixed = planted(CLAIMED)
    others = tuple(score for score in costly.pruned if score.last == 4)
    mixed = replace(mixed, pruned=(*(score for score in mixed.pruned if score.last < 4), *others))
    finding = finding_of(mixed)
    assert judged(mixed) == Verdict.SUPPORTED
    assert finding.figure is not None
    assert finding.figure.ticks == ["last 1", "last 2", "last 4"]
    assert not any("last 4" in measured.name for measured in (*finding.criteria, *finding.null))


def test_the_unit_is_the_question() -> None:
    finding = finding_of(planted(CLAIMED))
    assert {(m.estimate.unit, m.estimate.n) for m in finding.criteria} == {("question", 40)}
    alone = replace(planted(CLAIMED), labels={})  # then every text is its own
    finding = finding_of(alone)
    assert {m.estimate.n for m in finding.criteria} == {80, 120}


def test_the_measured_rises_are_those_planted() -> None:
    finding = finding_of(planted(CLAIMED, noise=0.0))
    values = {measured.name: measured.estimate.value for measured in finding.criteria}
    assert values["increase on prompts, last 1, most used"] == pytest.approx(0.03)
    assert values["increase on completions, last 2, most used"] == pytest.approx(0.20)
    assert values["completions less twice prompts, last 2, most used"] == pytest.approx(0.14)


def test_the_whole_models_likelihood_is_told() -> None:
    pruned = replace(planted(CLAIMED), labels={**planted(CLAIMED).labels, "author": ("ada", "", "bob") * 40})
    prompt, completion = pruned.prompt.sum() / 12 / 120, pruned.completion.sum() / 50 / 80
    expected = f"{prompt:.2f} nats a token on prompts, {completion:.2f} on completions, the completions by 2 authors."
    assert finding_of(pruned).notes[1].endswith(expected)


def test_one_layer_decides_where_only_one_can_be_pruned() -> None:
    finding = finding_of(planted(CLAIMED, depths=(1,)))
    assert any("last 1 MoE layer only" in note for note in finding.notes)


def test_what_cannot_be_measured_is_not_applicable() -> None:
    whole = planted(CLAIMED)
    none = np.zeros_like(whole.prompt_tokens)
    cases = {
        "layer 3: it will not": replace(whole, pruned=(), not_applicable={3: "it will not"}),
        "has a completion": replace(whole, completion_tokens=none, completion=none * 0.0),
        "has a prompt": replace(whole, prompt_tokens=none, prompt=none * 0.0),
    }
    for reason, pruned in cases.items():
        with pytest.raises(NotApplicable, match=reason):
            judged(pruned)


def test_no_question_in_common_is_not_applicable() -> None:
    whole = planted(CLAIMED)
    alone = np.arange(120) < 40  # the first forty texts are prompts alone; take the prompts from all others
    apart = replace(
        whole,
        labels={},
        prompt=np.where(alone, whole.prompt, 0.0),
        pruned=tuple(replace(score, prompt=np.where(alone, score.prompt, 0.0)) for score in whole.pruned),
    )
    with pytest.raises(NotApplicable, match="0 questions have a prompt and a completion"):
        judged(apart)


@pytest.mark.parametrize("questions", [1, 2, 7])
def test_a_few_questions_are_not_applicable(questions: int) -> None:
    with pytest.raises(NotApplicable, match=f"{questions} questions have a prompt and a completion to compare; 8"):
        judged(planted(CLAIMED, questions=questions))


@pytest.mark.parametrize("rise", [(0.05, 0.10), (0.10, 0.40)], ids=["twice", "a tenth"])
def test_false_support_stays_below_five_percent(rise: Rise) -> None:
    """On the border of one criterion: completions cost exactly twice, or prompts exactly a tenth."""
    border = CLAIMED | {"most used": rise}
    found = [
        judged(planted(border, seed=seed, depths=(1,), noise=0.05), Sampling(seed, 199)) for seed in range(NULL_WORLDS)
    ]
    assert sum(one == Verdict.SUPPORTED for one in found) <= 0.05 * NULL_WORLDS


@pytest.mark.parametrize(
    ("spread", "noise"),
    [(0.0, 0.02), (0.015, 0.02), (0.015, 0.0005)],
    ids=["all the same", "each its own", "each its own, exactly known"],
)
def test_false_support_stays_below_five_percent_where_all_choices_are_exchangeable(spread: float, noise: float) -> None:
    """Pruning does what is claimed of it, whichever experts are kept: the favourites are one more random choice."""
    alike: Rises = {"most used": SPARED, "random": SPARED, "least used": SPARED}
    worlds = [planted(alike, seed=seed, depths=(1,), spread=spread, noise=noise) for seed in range(NULL_WORLDS)]
    found = [judged(world, Sampling(seed, 99)) for seed, world in enumerate(worlds)]
    assert sum(one == Verdict.SUPPORTED for one in found) <= int(binom.ppf(0.999, NULL_WORLDS, 0.05))
    assert sum(one == Verdict.VACUOUS for one in found) >= 0.9 * NULL_WORLDS
