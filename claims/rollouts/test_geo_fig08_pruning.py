"""Do a few experts of the last layers suffice for prompts, and not for what follows them?  GEO Fig. 8."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.rollouts.pruned_likelihood import (
    LEAST,
    by_question,
    increase,
    lead,
    multiple,
    of_questions,
    paired,
    per_token,
    rise,
)
from claims.shared.answers import QUESTIONS
from claims.shared.premises import NATS
from fixtures.evidence.ablation import Pruning
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

#: NLL sums of each question, (R, Q, 4), by way to choose the experts and number of layers; R draws, one if not random.
Tables = dict[tuple[str, int], Float64Array]

#: Numbers of last layers that the claim speaks of; others are drawn beside them.
CLAIMED = (1, 2)
#: Ways to choose the kept experts: as the paper does, and its controls.
KEEPS = ("most used", "random", "least used")


@claim(
    id="pruning-prefill",
    group="D",
    number=7,
    title="A paragraph's favourite experts suffice for prompts, not for completions",
    source="GEO (arXiv 2604.09780v1)",
    figures=("GEO Fig. 8",),
    statement="Keeping, in the last one or two MoE layers, only the 37.5 % of experts that one paragraph uses most "
    "raises the NLL of prompts by less than a tenth, and that of completions by at least twice as much, and by 2 %.",
    equation="increase = sum NLL(pruned) / sum NLL(whole) - 1;  increase(prompts) < 0.10 and "
    "increase(completions | prompt) >= max(0.02, 2 increase(prompts)), for the last k = 1 and k = 2 layers;  "
    "lead = increase(prompts, other experts) - increase(prompts, favourites) >= 0.01",
    definition="read (12 of 32 experts, completions given their prompt); ours: 37.5 % rounded up and no fewer than a "
    "token uses; an expert that is gone cannot be selected, the combine step is the layer's own; no random choice "
    "repeats another or the favourites; the second criterion is the completions' rise over the prompts', which counts "
    "as 0.01 at least",
    means="In the last layers the experts that one paragraph favours are not enough for prompts, or cost "
    "completions less than twice as much, and other choices of experts do as well or better: such a profile is no "
    "ground to prune for prefill alone.",
    check="The loss on prompts and on completions apart, after pruning by your profile and after pruning to as "
    "many random experts.",
    null_says="Other experts, as many: the best of 19 random choices, best on these very texts, and the least used. "
    "Unless the favourites raise the NLL of prompts less than both, at each number of layers, which experts are kept "
    "does not matter.",
    paper="less than 10 % on prompts of four topics for k <= 2; a substantial rise on completions, no number printed",
    thresholds={
        "increase": Threshold(0.10, "the paper's own figure for prompts"),
        "multiple": Threshold(2.0, "at least twice the prompts' rise, and 2 % of the NLL: less is not much more"),
        "lead": Threshold(0.01, "a hundredth of the NLL, a tenth of the rise that the paper allows prompts"),
        "models": Threshold(
            NATS, "nats a token: what a model that knows less of these texts does with them tells nothing"
        ),
    },
)
def test_pruning_prefill(pruned: Pruning, sampling: Sampling, thresholds: Mapping[str, float]) -> Finding:
    """Compare the relative rise in NLL of prompts and of completions, and that of prompts with other experts kept."""
    depths = [depth for depth in CLAIMED if depth in pruned.depths]
    if not depths:
        reasons = [f"layer {layer}: {reason}" for layer, reason in sorted(pruned.not_applicable.items())]
        raise NotApplicable("the last layer cannot be pruned: " + ("; ".join(reasons[-2:]) or "no reason was given"))
    premises = _models_texts(pruned, sampling)
    tables = {(keep, depth): by_question(pruned, keep, depth) for depth in pruned.depths for keep in KEEPS}
    favourites = {depth: tables["most used", depth][0] for depth in depths}
    return Finding(
        headline=tuple(m for depth in depths for m in _headline(favourites[depth], depth, sampling)),
        excess=tuple(m for depth in depths for m in _leads(tables, depth, sampling)),
        premises=premises,
        reported=tuple(_completions(favourites[depth], depth, sampling) for depth in depths),
        layers=(_coverage(pruned),),
        figure=_figure(tables, thresholds, sampling),
        notes=(*_notes(pruned, depths), *(note for depth in depths for note in _alike(tables, depth, thresholds))),
    )


def _models_texts(pruned: Pruning, sampling: Sampling) -> tuple[Measured, ...]:
    """Return the premise that the whole model models these prompts, and these completions."""
    found = []
    for name, whole, unigram, tokens in (
        ("prompt", pruned.prompt, pruned.prompt_unigram, pruned.prompt_tokens),
        ("completion", pruned.completion, pruned.completion_unigram, pruned.completion_tokens),
    ):
        rows = of_questions(pruned, [unigram - whole, tokens])
        rows = rows[rows[:, 1] > 0]
        if not len(rows):
            raise NotApplicable(f"none of the {len(tokens)} texts has a {name} of which a token could be scored")
        gain = sampling.of(rows, per_token, unit="question")
        what = f"nats a token that the whole model gains on {name}s over token frequencies"
        found.append(Measured(what, gain, ">=", "models"))
    return tuple(found)


def _last(depth: int) -> str:
    return "last layer" if depth == 1 else f"last {depth} layers"


def _headline(table: Float64Array, depth: int, sampling: Sampling) -> tuple[Measured, Measured]:
    """The claim's two criteria for one number of layers; the second on questions with prompt and completion."""
    both = paired(table)
    if len(both) < QUESTIONS:
        raise NotApplicable(f"{len(both)} questions have a prompt and a completion to compare; {QUESTIONS} are needed")
    times = sampling.of(both, multiple, unit="question")
    return (
        Measured(f"loss rise on prompts, {_last(depth)}", rise(table, 0, sampling), "<", "increase"),
        Measured(f"loss rise on completions in multiples of the prompts', {_last(depth)}", times, ">=", "multiple"),
    )


def _completions(table: Float64Array, depth: int, sampling: Sampling) -> Measured:
    """The rise on completions by itself."""
    return Measured(f"loss rise on completions, {_last(depth)}", rise(table, 1, sampling), ">=", 2 * LEAST)


def _leads(tables: Tables, depth: int, sampling: Sampling) -> list[Measured]:
    """By how much less the favourites raise the NLL of prompts than other experts, on the same questions.

    The best random choice is the one that does best on these very texts, and so looks better than it is: a lead over
    it is measured too small, never too large.
    """
    (favourites,), random, (least,) = (tables[keep, depth] for keep in KEEPS)
    best = random[np.argmin(increase(random, 0))]
    found = []
    for name, other in ((f"best of {len(random)} random", best), ("least used", least)):
        rows = np.stack([other[:, 0], favourites[:, 0], favourites[:, 1]], axis=1)[favourites[:, 1] > 0]
        ahead = sampling.of(rows, lead, unit="question")
        found.append(Measured(f"loss rise on prompts, {_last(depth)}, {name} minus most used", ahead, ">=", "lead"))
    return found


def _coverage(pruned: Pruning) -> Curve:
    """Share of the paragraph's visits that the kept experts had, layer by layer."""
    shares = [float(np.sort(one.visits)[::-1][: one.keep].sum() / one.visits.sum()) for one in pruned.layers]
    return Curve("the kept experts' share of the paragraph", tuple(one.layer for one in pruned.layers), tuple(shares))


def _notes(pruned: Pruning, depths: list[int]) -> tuple[str, ...]:
    """What was kept, what could not be pruned, and what the claim speaks of and was not measured."""
    kept = sorted({(one.keep, len(one.visits)) for one in pruned.layers})
    notes = ["Kept: " + ", ".join(f"{count} of {experts} experts" for count, experts in kept) + ".", _whole(pruned)]
    if len(depths) < len(CLAIMED):
        notes.append(f"The claim is judged on the last {depths[-1]} MoE layer only.")
    notes += [f"Layer {layer} cannot be pruned: {reason}." for layer, reason in sorted(pruned.not_applicable.items())]
    return tuple(notes)


def _alike(tables: Tables, depth: int, thresholds: Mapping[str, float]) -> list[str]:
    """How many other choices meet the criteria by their values alone."""
    met = {
        keep: [
            bool(increase(table, 0) < thresholds["increase"] and multiple(paired(table)) >= thresholds["multiple"])
            for table in tables[keep, depth]
        ]
        for keep in KEEPS
    }
    least = "do" if met["least used"][0] else "do not"
    return [
        f"Last {depth}: the values of {sum(met['random'])} of {len(met['random'])} random choices meet both criteria, "
        f"those of the least used experts {least}."
    ]


def _whole(pruned: Pruning) -> str:
    """How well the whole model predicts these texts, and whose completions they are."""
    prompts, completions = (
        total.sum() / max(int(tokens.sum()), 1)
        for total, tokens in (
            (pruned.prompt, pruned.prompt_tokens),
            (pruned.completion, pruned.completion_tokens),
        )
    )
    authors = len(set(pruned.labels.get("author", ())) - {""})
    whose = f", the completions by {authors} author{'s' * (authors > 1)}" if authors else ""
    return f"The whole model's NLL is {prompts:.2f} nats a token on prompts, {completions:.2f} on completions{whose}."


def _figure(tables: Tables, thresholds: Mapping[str, float], sampling: Sampling) -> Figure:
    """Relative rise by number of layers and way to prune, of prompts and of completions: Fig. 8."""
    depths = sorted({depth for _, depth in tables})
    places = [float(place) for place in range(len(depths))]

    def panel(part: int, name: str) -> Figure:
        single = [increase(tables["random", depth], part) for depth in depths]
        x = [place for place, rises in zip(places, single, strict=True) for _ in rises]
        series = [Series("single random choices kept", x, rounded(np.concatenate(single)))]
        for keep in KEEPS:
            if keep != "random":
                found = [rise(tables[keep, depth][0], part, sampling) for depth in depths]
                series.append(along(f"{keep} kept", places, found))
        level = Series(f"{100 * thresholds['increase']:g} %", [-0.5, len(depths) - 0.5], [thresholds["increase"]] * 2)
        labels = ("pruned MoE layers", "relative rise of NLL")
        ticks = [f"last {depth}" for depth in depths]
        return Figure("dots", name, "", *labels, series, [level], ticks, y_log=True)  # a hundredth, and twice the loss

    return Figure(
        kind="panels",
        title="37.5 % of the experts kept in the last layers",
        redraws="GEO Fig. 8",
        x_label="",
        y_label="",
        series=[],
        panels=[panel(part, name) for part, name in enumerate(("prompts", "completions"))],
    )
