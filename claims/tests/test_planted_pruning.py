"""Planted likelihoods: pruning that spares prompts, that spares nothing, and that spares everything."""

from dataclasses import replace

import numpy as np
import pytest

from claims.finding import NotApplicable
from claims.sampling import Sampling
from claims.test_geo_fig08_pruning import test_pruning_prefill as pruning_prefill
from claims.tests.verdicts import SAMPLING, verdict
from claims.verdict import Verdict
from fixtures.kept_experts import Keep
from fixtures.pruning_record import PrunedLayer, PrunedScore, Pruning

# The claim is imported under a name that pytest does not collect.

#: Relative rise on prompts and on completions, by way to prune.
Rises = dict[Keep, tuple[float, float]]
SPARED, COSTLY = (0.03, 0.20), (0.30, 0.40)
CLAIMED: Rises = {"most used": SPARED, "random": COSTLY, "least used": COSTLY}


def planted(
    rises: Rises, *, questions: int = 40, seed: int = 0, noise: float = 0.02, depths: tuple[int, ...] = (1, 2, 4)
) -> Pruning:
    """A prompt and two rollouts of each question, whose NLL rises as given, with noise of each question's own."""
    random = np.random.default_rng(seed)
    owner = np.tile(np.arange(questions), 3)
    prompt = random.uniform(20, 60, questions)[owner]
    completion = random.uniform(80, 200, len(owner)) * (np.arange(len(owner)) >= questions)

    def score(keep: Keep, last: int) -> PrunedScore:
        on_prompts, on_completions = rises[keep]
        own, other = random.normal(0, noise, (2, questions))
        return PrunedScore(
            keep, last, prompt * (1 + on_prompts + own[owner]), completion * (1 + on_completions + other[owner])
        )

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
    return verdict(pruning_prefill, pruned=pruned, sampling=sampling)


@pytest.mark.parametrize(
    ("rises", "expected"),
    [
        (CLAIMED, Verdict.SUPPORTED),
        (CLAIMED | {"most used": (0.30, 0.90)}, Verdict.REFUTED),  # prompts suffer
        (CLAIMED | {"most used": (0.06, 0.07)}, Verdict.REFUTED),  # completions hardly suffer more
        (CLAIMED | {"most used": (-0.03, -0.05)}, Verdict.REFUTED),  # both gain: no cost to be twice of
        (CLAIMED | {"random": SPARED}, Verdict.VACUOUS),  # any experts would do
        (CLAIMED | {"most used": (0.05, 0.10)}, Verdict.INCONCLUSIVE),  # exactly twice
        (dict.fromkeys(CLAIMED, (0.0, 0.0)), Verdict.INCONCLUSIVE),
    ],
)
def test_pruning_prefill(rises: Rises, expected: Verdict) -> None:
    assert judged(planted(rises)) == expected


def test_pruning_that_changes_nothing_at_all_is_vacuous() -> None:
    assert judged(planted(dict.fromkeys(CLAIMED, (0.0, 0.0)), noise=0.0)) == Verdict.VACUOUS


def test_the_least_used_experts_are_reported_and_decide_nothing() -> None:
    assert judged(planted(CLAIMED | {"least used": SPARED})) == Verdict.SUPPORTED
    finding = pruning_prefill(pruned=planted(CLAIMED), sampling=SAMPLING)
    assert any("least used" in measured.name for measured in finding.null)
    assert not any(measured.decides for measured in finding.null if "least used" in measured.name)


def test_four_layers_are_drawn_and_decide_nothing() -> None:
    costly = planted(CLAIMED | {"most used": COSTLY}, seed=1)
    mixed = planted(CLAIMED)
    others = tuple(score for score in costly.pruned if score.last == 4)
    mixed = replace(mixed, pruned=(*(score for score in mixed.pruned if score.last < 4), *others))
    finding = pruning_prefill(pruned=mixed, sampling=SAMPLING)
    assert judged(mixed) == Verdict.SUPPORTED
    assert finding.figure is not None
    assert finding.figure.ticks == ["last 1", "last 2", "last 4"]
    assert not any("last 4" in measured.name for measured in (*finding.criteria, *finding.null))


def test_the_unit_is_the_question() -> None:
    finding = pruning_prefill(pruned=planted(CLAIMED), sampling=SAMPLING)
    assert {(m.estimate.unit, m.estimate.n) for m in finding.criteria} == {("question", 40)}
    alone = replace(planted(CLAIMED), labels={})  # then every text is its own
    finding = pruning_prefill(pruned=alone, sampling=SAMPLING)
    assert {m.estimate.n for m in finding.criteria} == {80, 120}


def test_the_measured_rises_are_those_planted() -> None:
    finding = pruning_prefill(pruned=planted(CLAIMED, noise=0.0), sampling=SAMPLING)
    values = {measured.name: measured.estimate.value for measured in finding.criteria}
    assert values["increase on prompts, last 1, most used"] == pytest.approx(0.03)
    assert values["increase on completions, last 2, most used"] == pytest.approx(0.20)
    assert values["completions less twice prompts, last 2, most used"] == pytest.approx(0.14)


def test_the_whole_models_likelihood_is_told() -> None:
    pruned = replace(planted(CLAIMED), labels={**planted(CLAIMED).labels, "author": ("ada", "", "bob") * 40})
    prompt, completion = pruned.prompt.sum() / 12 / 120, pruned.completion.sum() / 50 / 80
    expected = f"{prompt:.2f} nats a token on prompts, {completion:.2f} on completions, the completions by 2 authors."
    assert pruning_prefill(pruned=pruned, sampling=SAMPLING).notes[1].endswith(expected)


def test_one_layer_decides_where_only_one_can_be_pruned() -> None:
    finding = pruning_prefill(pruned=planted(CLAIMED, depths=(1,)), sampling=SAMPLING)
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
def test_false_support_stays_below_five_percent(rise: tuple[float, float]) -> None:
    """On the border of one criterion: completions cost exactly twice, or prompts exactly a tenth."""
    border = CLAIMED | {"most used": rise}
    found = [judged(planted(border, seed=seed, depths=(1,), noise=0.05), Sampling(seed, 199)) for seed in range(200)]
    assert sum(one == Verdict.SUPPORTED for one in found) <= 0.05 * 200
