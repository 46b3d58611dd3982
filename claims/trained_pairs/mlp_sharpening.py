"""Compare top-k with soft routing on the controlled MLP: one measure, on own and common tokens, both nulls."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.core.claim import Variant
from claims.core.finding import Finding, Measured
from claims.shared.paired_differences import measured_difference, surviving
from claims.trained_pairs.mlp_pairs import Pair, errors_note, pair, paired_figure, require_learned, strongest
from fixtures.mlp.arms import MATCHED, ArmMeasures, MlpArms
from metrics.stats.sampling import Sampling

OWN, COMMON = "own", "common"
#: Thresholds of the paired differences, and of what common tokens keep of them.
SHARPER, KEPT = "sharper", "kept"
#: Differences of distances and ranks below this are rounding.
ROUNDED = 1e-9
SAME = (
    "Before training the arms have the same states of these tokens: that null is 0 by construction, could not hold, "
    "and is left out; random masks decide."
)
#: The arm of random fixed masks that is as sparse.
MASKS: Mapping[str, str] = {"top-1": "random-1", "top-2": "random-2"}


class Quantity(NamedTuple):
    """What top-k is claimed to lower or to raise.

    Attributes
    ----------
    name : as criteria call it
    measure : field of `SplitMeasures`
    common : the split that is common to all arms
    direction : claimed side of 0 for top-k minus soft, "<" or ">"
    redraws : what of the paper the figure stands for
    beside : further (name, split, measure) whose difference is reported
    """

    name: str
    measure: str
    common: str
    direction: str
    redraws: str
    beside: tuple[tuple[str, str, str], ...] = ()


def sharpening(
    mlp_arms: MlpArms, variant: Variant, quantity: Quantity, sampling: Sampling, *, notes: tuple[str, ...] = ()
) -> Finding:
    """Compare top-k with soft routing, paired by seed, on the variant's tokens; nulls on the same tokens.

    Raises
    ------
    NotApplicable
        When an arm learned nothing, or too few seeds can be compared.
    """
    routing, match = variant["routing"], MATCHED[variant["matched"]]
    arms, before = mlp_arms.trained[match], mlp_arms.untrained[match]
    chosen, soft, masks = arms[routing], arms["soft"], arms[MASKS[routing]]
    require_learned(chosen, soft)
    splits = {OWN: "own", COMMON: quantity.common}
    split = splits[variant["tokens"]]
    judged = pair(chosen, soft, split, quantity.measure)
    by_lot = pair(masks, soft, split, quantity.measure)
    untrained = pair(before[routing], before["soft"], split, quantity.measure)
    # Arms of one seed start from one embedding: what they make of common tokens before any expert is the same.
    same = bool(np.allclose(untrained.difference, 0.0, atol=ROUNDED, equal_nan=True))

    def minus(name: str, found: Pair, *, decides: bool = False) -> Measured:
        return measured_difference(name, found.difference, quantity.direction, SHARPER, sampling, decides=decides)

    own, common = (pair(chosen, soft, each, quantity.measure) for each in splits.values())
    kept, _ = surviving({"on common tokens": common.difference}, own.difference, sampling, KEPT)
    other_tokens = COMMON if variant["tokens"] == OWN else OWN
    return Finding(
        criteria=(
            minus(f"{quantity.name}, {routing} minus soft, {variant['tokens']} tokens", judged, decides=True),
            minus(f"the same on {other_tokens} tokens", common if other_tokens == COMMON else own),
            *kept,
            *(
                []
                if same
                else [minus("the difference less that before training", Pair(judged.difference, untrained.difference))]
            ),
            minus(f"{quantity.name}, {routing} minus random masks", Pair(judged.arm, by_lot.arm)),
            *(minus(name, pair(chosen, soft, *where)) for name, *where in quantity.beside),
        ),
        null=strongest(
            [
                minus(f"{quantity.name}, random masks minus soft", by_lot),
                *([] if same else [minus(f"{quantity.name}, {routing} minus soft, before training", untrained)]),
            ]
        ),
        figure=paired_figure(
            {
                "own tokens": own,
                "common tokens": common,
                "random masks, own tokens": pair(masks, soft, "own", quantity.measure),
                "before training, own tokens": pair(before[routing], before["soft"], "own", quantity.measure),
            },
            title=f"{quantity.name}: {routing} and soft routing, one point a seed",
            redraws=quantity.redraws,
            x_label=f"{quantity.name}, soft",
            y_label=f"{quantity.name}, {routing} or masks",
        ),
        notes=(errors_note(chosen, soft, masks), *notes, *([SAME] if same else []), *_left_out(chosen, soft, split)),
    )


def _left_out(chosen: ArmMeasures, soft: ArmMeasures, split: str) -> tuple[str, ...]:
    """Say how many groups had too few tokens for a subspace; nothing where none had."""
    counts = {each.arm.name: float(np.mean(each.splits[split].left_out)) for each in (chosen, soft)}
    listed = ", ".join(f"{name} {count:.2g}" for name, count in counts.items() if count)
    return (f"Experts left out for too few tokens, on average a seed: {listed}.",) if listed else ()
