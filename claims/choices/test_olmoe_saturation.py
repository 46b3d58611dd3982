"""Do two revisions of one checkpoint choose the same experts for the same tokens?  OLMoE, section 5.1."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.choices.sequence_means import figure_of_curves
from claims.core.claim import Threshold, claim
from claims.core.curves import by_number
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.shared.arm_layers import OTHER_TEXT, same_tokens
from claims.shared.premises import all_model_text, require_room
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling
from metrics.usage.kept_choices import kept_choices
from metrics.usage.topk_overlap import chance_overlap

#: What the pair itself cannot tell.
BETWEEN = (
    "The sentence is about revisions of one pre-training. What lies between these two is for the reader to say: where "
    "the later one was trained on other data, the numbers tell how much of its routing a checkpoint keeps through "
    "that, not how early routing settles."
)


class _Kept(NamedTuple):
    """Shares of experts that are the same: measured and as the loads make them (L, S), and of uniform choices (L,)."""

    measured: Float64Array
    by_loads: Float64Array
    uniform: Float64Array


@claim(
    id="router-saturation",
    group="F",
    number=10,
    title="Routing settles early: two revisions choose alike",
    source="OLMoE (arXiv 2409.02060), section 5.1",
    figures=("OLMoE section 5.1",),
    statement="Two revisions of one checkpoint choose for the same tokens mostly the same experts.",
    equation="|S_earlier n S_later| / k >= 0.6, and - sum_e f_e f'_e / k >= 0.1, mean over the tokens of a sequence, "
    "then over layers;  S the k experts that the model used for a token, f_e and f'_e the shares of the sequence's "
    "tokens that use e in each revision",
    definition="reconstructed: the paper compares revisions with the last one, on one text, and gives curves by "
    "layer over the course of training. Here one pair is one measurement: each value of --pair is judged by "
    "itself, over the sequences of the text. Which of two revisions is the earlier makes no difference to the numbers",
    means="The later revision chooses other experts for many tokens: what was found about experts on the earlier one "
    "(which to keep, which to place together) does not carry over by itself.",
    check="The overlap on your own text, layer by layer, between the revisions that you mean to exchange.",
    null_says="The experts of one revision given to the tokens of the sequence in another order, which keeps the loads "
    "of both: experts that all tokens prefer agree by popularity alone, and k/E, what permuted experts give, flatters "
    "them. The exact mean over orders, paired by sequence.",
    paper="about 60 % of the last revision's experts after 1 % of pre-training, about 80 % after 40 %; chance is "
    "12.5 % (8 of 64); later layers settle sooner but for the first, which settles last",
    thresholds={
        "settled": Threshold(0.6, "what the paper has after 1 % of pre-training: early"),
        "late": Threshold(0.8, "what the paper has after 40 % of pre-training; reported beside"),
        "beyond": Threshold(0.1, "a tenth of a token's experts: less beyond the loads says little of the router"),
    },
)
def test_router_saturation(
    revisions_experiment: Experiment, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Compare the experts of the same tokens in both revisions, with what the loads of both would give."""
    ((earlier, later),) = revisions_experiment.traces
    _require_same(earlier, later)
    found = _kept(earlier, later)
    require_room(found.uniform, thresholds["beyond"], "a token's experts are the same")
    kept = sampling.mean(found.measured.mean(axis=0))
    by_loads = sampling.mean(found.by_loads.mean(axis=0))
    excess = sampling.mean((found.measured - found.by_loads).mean(axis=0))
    name = "share of a token's experts that both revisions chose"
    curves = _curves(earlier, found, sampling)
    return Finding(
        premises=all_model_text(revisions_experiment.fits, sampling),
        headline=(Measured(f"{name}, mean over layers", kept, ">=", "settled", (0.0, 1.0)),),
        excess=(Measured(f"{name}, beyond the loads of both", excess, ">=", "beyond", (-1.0, 1.0)),),
        controls=(Measured(f"{name}, tokens in another order", by_loads, ">=", "settled", (0.0, 1.0)),),
        reported=(Measured(f"{name}, against that late in pre-training", kept, ">=", "late", (0.0, 1.0)),),
        layers=curves,
        figure=figure_of_curves("experts that both revisions chose", "OLMoE section 5.1", "share of k", curves),
        notes=(_who(revisions_experiment), _told(found), BETWEEN),
    )


def _require_same(earlier: Trace, later: Trace) -> None:
    """Refuse two checkpoints whose choices do not compare, and one checkpoint that was given twice."""
    if not same_tokens(earlier, later):
        raise NotApplicable(OTHER_TEXT)
    one, other = ([layer.router.layer for layer in trace.layers] for trace in (earlier, later))
    if one != other:
        raise NotApplicable(f"the earlier revision has experts in layers {_listed(one)}, the later in {_listed(other)}")
    for number, first, last in zip(one, earlier.layers, later.layers, strict=True):
        if _size(first) != _size(last):
            raise NotApplicable(
                f"in layer {number} the earlier revision chooses {_size(first)} experts, the later {_size(last)}: they "
                "are no revisions of one checkpoint"
            )
    digest = earlier.checkpoint.get("revision")
    if digest and digest == later.checkpoint.get("revision"):
        raise NotApplicable(f"both revisions are the same weights ({digest})")


def _size(layer: LayerTrace) -> str:
    """Say how many experts of how many a layer chooses."""
    return f"{layer.experts.shape[1]} of {layer.logits.shape[1]}"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _kept(earlier: Trace, later: Trace) -> _Kept:
    """Compare both revisions layer by layer."""
    pairs = list(zip(earlier.layers, later.layers, strict=True))
    tables = [
        kept_choices(one.experts, other.experts, earlier.sequence, earlier.sequences, one.logits.shape[1])
        for one, other in pairs
    ]
    uniform = [chance_overlap(one.experts.shape[1], one.logits.shape[1]) for one, _ in pairs]
    return _Kept(
        np.stack([each.kept for each in tables]), np.stack([each.by_loads for each in tables]), np.array(uniform)
    )


def _curves(trace: Trace, found: _Kept, sampling: Sampling) -> tuple[Curve, ...]:
    numbers = tuple(layer.router.layer for layer in trace.layers)
    return (
        by_number("both revisions", numbers, found.measured, sampling, "settled"),
        by_number("tokens in another order", numbers, found.by_loads, sampling),
        Curve("uniform chance", numbers, tuple(map(float, found.uniform))),
    )


def _who(experiment: Experiment) -> str:
    """Say of both revisions what is known of them."""
    ((one, other),), (traces,) = experiment.checkpoints, experiment.traces
    said = [str(trace.checkpoint.get("about") or "") for trace in traces]
    earlier, later = (f"{name} ({about})" if about else name for name, about in zip((one, other), said, strict=True))
    return f"Earlier: {earlier}. Later: {later}."


def _told(found: _Kept) -> str:
    """Say the shares, and in which layers they are least and largest."""
    shares = (found.measured.mean(), found.by_loads.mean(), found.uniform.mean())
    measured, by_loads, uniform = (f"{share:.1%}" for share in shares)
    return (
        f"Both revisions chose {measured} of a token's experts; {by_loads} by their loads, {uniform} by uniform chance."
    )
