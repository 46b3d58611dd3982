"""Compare top-k with soft routing on the controlled MLP: one measure, after and before training, on common tokens."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from claims.core.claim import Variant
from claims.core.finding import Finding, Measured
from claims.trained_pairs.differences import Claimed, require_known, share_kept
from claims.trained_pairs.mlp_pairs import Pair, errors_note, learned, pair, paired_figure
from claims.trained_pairs.smallest_effects import BEYOND, KEPT, SHARPER
from fixtures.mlp.arms import MATCHED, ArmMeasures, MlpArms
from metrics.arrays import Float64Array

#: The arm of random fixed masks that is as sparse.
MASKS: Mapping[str, str] = {"top-1": "random-1", "top-2": "random-2"}


@dataclass(frozen=True, kw_only=True)
class Quantity(Claimed):
    """What top-k is claimed to lower or to raise, against soft.

    Attributes
    ----------
    measure : field of `SplitMeasures`
    common : the split that is common to all arms
    redraws : what of the paper the figure stands for
    by_half : whether half of the difference has to be left on common tokens, where all of it has to otherwise
    beside : further (name, split, measure) whose difference is reported
    """

    threshold: str = SHARPER
    measure: str
    common: str
    redraws: str
    by_half: bool = False
    beside: tuple[tuple[str, str, str], ...] = ()


def sharpening(mlp_arms: MlpArms, variant: Variant, quantity: Quantity, *, notes: tuple[str, ...] = ()) -> Finding:
    """Compare top-k with soft routing, paired by seed.

    Raises
    ------
    NotApplicable
        When no seed can be compared.
    """
    routing, match = variant["routing"], MATCHED[variant["matched"]]
    arms, untrained = mlp_arms.trained[match], mlp_arms.untrained[match]
    chosen, soft, masks = arms[routing], arms["soft"], arms[MASKS[routing]]
    own, common = (pair(chosen, soft, split, quantity.measure) for split in ("own", quantity.common))
    before = pair(untrained[routing], untrained["soft"], "own", quantity.measure)
    by_lot = pair(masks, soft, "own", quantity.measure)
    name = f"{quantity.name}, {routing} minus soft"
    require_known(name, own.difference)
    return Finding(
        headline=(quantity.measured(name, own.difference),),
        excess=(
            quantity.measured(
                f"{name}, less that before training", own.difference - before.difference, BEYOND, times=2.0
            ),
        ),
        parts=(_on_common_tokens(quantity, name, own.difference, common.difference),),
        premises=learned(chosen, soft),
        controls=(quantity.measured(f"{name}, before training", before.difference),),
        reported=(
            quantity.measured(f"{quantity.name}, random masks minus soft: by sparsity alone", by_lot.difference),
            quantity.measured(
                f"{quantity.name}, {routing} minus random masks: by choosing", Pair(own.arm, by_lot.arm).difference
            ),
            *(
                quantity.measured(f"{called}, {routing} minus soft", pair(chosen, soft, *where).difference)
                for called, *where in quantity.beside
            ),
        ),
        figure=paired_figure(
            {
                "own tokens": own,
                "common tokens": common,
                "random masks, own tokens": by_lot,
                "before training, own tokens": before,
            },
            title=f"{quantity.name}: {routing} and soft routing, one point a seed",
            redraws=quantity.redraws,
            x_label=f"{quantity.name}, soft",
            y_label=f"{quantity.name}, {routing} or masks",
        ),
        notes=(errors_note(chosen, soft, masks), *notes, *_left_out(chosen, soft)),
    )


def _on_common_tokens(quantity: Quantity, name: str, own: Float64Array, common: Float64Array) -> Measured:
    """Judge what is left where both arms' experts are asked about the same tokens."""
    if quantity.by_half:
        return share_kept(f"{name}, share of it left on common tokens", common, own, KEPT)
    return quantity.measured(f"{name}, on common tokens", common)


def _left_out(chosen: ArmMeasures, soft: ArmMeasures) -> tuple[str, ...]:
    """Say how many groups had too few tokens for a subspace; nothing where none had."""
    counts = {each.arm.name: float(np.mean(each.splits["own"].left_out)) for each in (chosen, soft)}
    listed = ", ".join(f"{name} {count:.2g}" for name, count in counts.items() if count)
    return (f"Experts left out for too few tokens, on average a seed: {listed}.",) if listed else ()
