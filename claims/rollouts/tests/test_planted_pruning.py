"""Planted likelihoods: pruning that spares prompts, that spares nothing, and that spares everything."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.core.finding import Finding
from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig08_pruning
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.verdicts import finding_of as measured_of
from fixtures.evidence.ablation import PrunedLayer, PrunedScore, Pruning
from metrics.arrays import Float64Array
from metrics.routing.expert_subsets import Keep

pruning_prefill = test_geo_fig08_pruning.test_pruning_prefill
#: Relative rise on prompts and on completions, by way to prune.
Rise = tuple[float, float]
Rises = dict[Keep, Rise]
SPARED, COSTLY = (0.03, 0.20), (0.30, 0.40)
#: How a number of last layers is called.
WHERE = {1: "last layer", 2: "last 2 layers"}
CLAIMED: Rises = {"most used": SPARED, "random": COSTLY, "least used": COSTLY}


def planted(
    rises: Rises,
    *,
    lucky: Rise | None = None,
    questions: int = 40,
    seed: int = 0,
    noise: float = 0.01,
    depths: tuple[int, ...] = (1, 2, 4),
    spread: float = 0.0,
    knows: tuple[float, float] = (2.0, 1.5),
) -> Pruning:
    """A prompt and two rollouts of each question, whose NLL rises as given, with noise of each question's own.

    One random choice of 19 rises as ``lucky``, where that is given; every choice's rise on prompts varies by ``spread``
    about its mean. The whole model predicts a token of prompts and of completions by ``knows`` nats better than token
    frequencies do.
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
        prompt_unigram=prompt + knows[0] * 12,
        completion_unigram=completion + knows[1] * np.where(completion > 0, 50, 0),
        pruned=tuple(score(keep, last) for last in depths for keep in rises),
        layers=tuple(PrunedLayer(layer, 6, np.arange(16)) for layer in range(4)),
        not_applicable={},
    )


def finding_of(pruned: Pruning) -> Finding:
    return measured_of(pruning_prefill, pruned=pruned)


def after(keep: Keep, rise: Rise, **more: Any) -> Callable[..., Pruning]:
    """What is claimed, but for what one way to prune does."""
    return partial(planted, CLAIMED | {keep: rise}, **more)


def mixed(others: Pruning, *which: tuple[int, Keep]) -> Pruning:
    """What is claimed, with the scores of another world at some depths and ways to prune."""
    whole = planted(CLAIMED)
    pairs = zip(whole.pruned, others.pruned, strict=True)
    return replace(whole, pruned=tuple(two if (one.last, one.keep) in which else one for one, two in pairs))


def four_layers_cost() -> Pruning:
    """What is claimed, but not of four layers."""
    return mixed(planted(CLAIMED | {"most used": COSTLY}, seed=1), *((4, keep) for keep in CLAIMED))


def nothing_scored(name: str) -> Pruning:
    """Texts without a prompt, or without a completion."""
    whole = planted(CLAIMED)
    none = np.zeros_like(whole.prompt_tokens)
    changes: dict[str, Any] = {name: none * 0.0, f"{name}_unigram": none * 0.0, f"{name}_tokens": none}
    return replace(whole, **changes)


def no_question_in_common() -> Pruning:
    """Forty texts are prompts alone, and the others have none."""
    whole, alone = planted(CLAIMED), np.arange(120) < 40
    return replace(
        whole,
        labels={},
        prompt=np.where(alone, whole.prompt, 0.0),
        pruned=tuple(replace(score, prompt=np.where(alone, score.prompt, 0.0)) for score in whole.pruned),
    )


def worlds(name: str, rise: Rise, *rare: Verdict, noise: float = 0.05) -> Null:
    """Favourites that raise the likelihoods by so much, where some verdicts must be rare."""

    def build(seed: int) -> Pruning:
        return planted(CLAIMED | {"most used": rise}, seed=seed, depths=(1,), noise=noise)

    return Null(name, {"pruned": build}, limits=dict.fromkeys(rare, 0.5))


def exchangeable(name: str, spread: float, noise: float) -> Null:
    """Pruning does what is claimed, whichever experts are kept: the favourites are one more random choice."""
    alike: Rises = {"most used": SPARED, "random": SPARED, "least used": SPARED}
    return Null(
        name, {"pruned": lambda seed: planted(alike, seed=seed, depths=(1,), spread=spread, noise=noise)},
        resamples=99, mostly=Verdict.VACUOUS,
    )  # fmt: skip


CONTRACTS = (
    Contract(
        pruning_prefill,
        (
            Case("prompts spared", Verdict.SUPPORTED, pruned=partial(planted, CLAIMED)),
            Case("a choice spares less", Verdict.SUPPORTED, pruned=partial(planted, CLAIMED, lucky=(0.06, 0.40))),
            Case("other experts do half as well", Verdict.SUPPORTED, pruned=after("least used", (0.06, 0.40))),
            Case("prompts gain", Verdict.SUPPORTED, pruned=after("most used", (-0.03, 0.10))),
            Case("four layers decide nothing", Verdict.SUPPORTED, pruned=four_layers_cost),
            Case("prompts suffer less than otherwise", Verdict.PARTLY, pruned=after("most used", (0.20, 0.60))),
            Case(
                "completions hardly suffer more", Verdict.PARTLY, pruned=after("most used", (0.06, 0.07)),
                says="falls short of what is stated: loss rise on completions in multiples of the prompts', last",
            ),
            Case("both gain", Verdict.PARTLY, pruned=after("most used", (-0.03, -0.05))),  # no cost to be twice of
            Case(  # twice the prompts' rise, and too little to speak of
                "hardly anything changes", Verdict.PARTLY, says="in multiples of the prompts",
                pruned=after("most used", (0.004, 0.009), noise=0.005),
            ),
            Case("prompts suffer", Verdict.REFUTED, pruned=after("most used", (0.30, 0.90))),
            Case(
                "nothing changes at all", Verdict.REFUTED,
                pruned=partial(planted, dict.fromkeys(CLAIMED, (0.0, 0.0)), noise=0.0),
            ),
            Case("any experts would do", Verdict.VACUOUS, pruned=after("random", SPARED)),
            Case("so would those least used", Verdict.VACUOUS, pruned=after("least used", SPARED)),
            Case(
                "so would those least used, but for half a hundredth", Verdict.VACUOUS, says="least used minus most",
                pruned=after("least used", (0.035, 0.20), noise=0.002),
            ),
            Case("whatever becomes of completions", Verdict.VACUOUS, pruned=after("least used", (0.01, 0.90))),
            Case("one random choice does as well", Verdict.VACUOUS, pruned=partial(planted, CLAIMED, lucky=SPARED)),
            *(
                Case(
                    f"one random choice does as well at the last {last}", Verdict.VACUOUS,
                    says=f"loss rise on prompts, {WHERE[last]}, best of 19 random minus most used",
                    pruned=lambda last=last: mixed(planted(CLAIMED, lucky=SPARED), (last, "random")),
                )
                for last in (1, 2)
            ),
            Case("completions cost exactly twice", Verdict.INCONCLUSIVE, pruned=after("most used", (0.05, 0.10))),
            *(
                Case(
                    f"a model that does not know {name}s", Verdict.NOT_APPLICABLE,
                    says=f"the whole model gains on {name}s over token frequencies = 0.3",
                    pruned=partial(planted, CLAIMED, knows=knows),
                )
                for name, knows in (("prompt", (0.3, 1.5)), ("completion", (2.0, 0.3)))
            ),
            *refused(
                "pruned",
                (
                    "a layer that cannot be pruned", "layer 3: it will not",
                    lambda: replace(planted(CLAIMED), pruned=(), not_applicable={3: "it will not"}),
                ),
                ("no completions", "has a completion", partial(nothing_scored, "completion")),
                ("no prompts", "has a prompt", partial(nothing_scored, "prompt")),
                ("no question in common", "0 questions have a prompt and a completion", no_question_in_common),
            ),
            *(
                Case(
                    f"{count} questions", Verdict.NOT_APPLICABLE, pruned=partial(planted, CLAIMED, questions=count),
                    says=f"{count} questions have a prompt and a completion to compare; 8",
                )
                for count in (2, 7)
            ),
        ),
        (
            worlds("completions cost exactly twice", (0.05, 0.10), Verdict.SUPPORTED),
            worlds("prompts cost exactly a tenth", (0.10, 0.40), Verdict.SUPPORTED),
            worlds("a little less, and a little more", (0.08, 0.18), Verdict.REFUTED, Verdict.PARTLY),
            true_by_far({"pruned": lambda seed: planted(CLAIMED, seed=seed, depths=(1,))}),
            exchangeable("all choices are the same", 0.0, 0.02),
            exchangeable("each choice is its own", 0.015, 0.02),
            exchangeable("each choice is its own, exactly known", 0.015, 0.0005),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_leads_are_those_planted() -> None:
    finding = finding_of(planted(CLAIMED | {"least used": (0.10, 0.2)}, lucky=(0.07, 0.3), noise=0.0))
    assert {one.name: round(one.estimate.value, 9) for one in finding.excess} == {
        f"loss rise on prompts, {WHERE[last]}, {name} minus most used": lead
        for last in (1, 2)
        for name, lead in (("best of 19 random", 0.04), ("least used", 0.07))
    }


def test_random_choices_are_drawn_one_by_one() -> None:
    finding = finding_of(planted(CLAIMED, lucky=(0.11, 0.4), noise=0.0))
    assert finding.figure is not None
    prompts = finding.figure.panels[0]
    (single,) = [series for series in prompts.series if "random" in series.label]
    assert sorted(set(single.x)) == [0.0, 1.0, 2.0]
    for place in (0.0, 1.0, 2.0):
        rises = [y for x, y in zip(single.x, single.y, strict=True) if x == place]
        assert sorted(rises) == pytest.approx([0.11, *[0.30] * 18])
    assert prompts.reference[0].y == [0.1, 0.1]


def test_the_notes_say_what_other_choices_do_and_where_nothing_rises() -> None:
    said = finding_of(planted(CLAIMED | {"least used": SPARED}, lucky=SPARED, depths=(1,))).notes
    assert (
        "Last 1: the values of 1 of 19 random choices meet both criteria, those of the least used experts do." in said
    )


def test_four_layers_are_drawn_and_decide_nothing() -> None:
    finding = finding_of(four_layers_cost())
    assert finding.figure is not None
    assert [panel.ticks for panel in finding.figure.panels] == [["last 1", "last 2", "last 4"]] * 2
    assert not any("last 4" in measured.name for _, measured in finding.by_role())


def test_the_unit_is_the_question() -> None:
    finding = finding_of(planted(CLAIMED))
    assert {(m.estimate.unit, m.estimate.n) for _, m in finding.by_role()} == {("question", 40)}
    alone = replace(planted(CLAIMED), labels={})  # then every text is its own
    assert {m.estimate.n for _, m in finding_of(alone).by_role()} == {80, 120}


def test_the_measured_rises_are_those_planted() -> None:
    finding = finding_of(planted(CLAIMED, noise=0.0))
    values = {measured.name: measured.estimate.value for _, measured in finding.by_role()}
    assert values["loss rise on prompts, last layer"] == pytest.approx(0.03)
    assert values["loss rise on completions, last 2 layers"] == pytest.approx(0.20)
    assert values["loss rise on completions in multiples of the prompts', last 2 layers"] == pytest.approx(0.20 / 0.03)
    whole = "nats a token that the whole model gains on"
    assert values[f"{whole} prompts over token frequencies"] == pytest.approx(2.0)
    assert values[f"{whole} completions over token frequencies"] == pytest.approx(1.5)


def test_the_whole_models_likelihood_is_told() -> None:
    pruned = replace(planted(CLAIMED), labels={**planted(CLAIMED).labels, "author": ("ada", "", "bob") * 40})
    prompt, completion = pruned.prompt.sum() / 12 / 120, pruned.completion.sum() / 50 / 80
    expected = f"{prompt:.2f} nats a token on prompts, {completion:.2f} on completions, the completions by 2 authors."
    assert finding_of(pruned).notes[1].endswith(expected)


def test_one_layer_decides_where_only_one_can_be_pruned() -> None:
    finding = finding_of(planted(CLAIMED, depths=(1,)))
    assert any("last 1 MoE layer only" in note for note in finding.notes)
