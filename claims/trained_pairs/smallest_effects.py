"""The smallest effects that matter to the claims on trained arms: the same for MLPs trained here and transformers."""

from claims.core.claim import Threshold

#: Names of thresholds: of top-k minus soft routing, and which share of it common tokens keep.
SHARPER, KEPT = "sharper", "kept"
#: Of a mixture minus its dense twin: its leading singular value, its decay, its rank, and that beyond random groups.
SMALLER, FASTER, SPREAD, ROUTED = "smaller", "faster", "spread", "routed"
#: Of what is left of a difference without that before training.
BEYOND = "beyond"

_AS_LARGE = "training must add as much as the difference itself has to be"
_DIRECTIONS = "half a direction: a smaller difference is no other number of directions"
_TENTH = "a tenth: a smaller difference is no flatter function to speak of"

ALIGNMENT = {
    SHARPER: Threshold(-0.01, "a hundredth of the largest alignment: a smaller difference would not show in a figure"),
    BEYOND: Threshold(-0.01, _AS_LARGE),
    KEPT: Threshold(0.5, "half of the difference on own tokens, which the sentence names itself"),
}
DISTANCE = {
    SHARPER: Threshold(0.02, "a fiftieth of the largest distance: another choice of r makes as much of it"),
    BEYOND: Threshold(0.02, _AS_LARGE),
}
CONCENTRATION = {SHARPER: Threshold(-0.5, _DIRECTIONS), BEYOND: Threshold(-0.5, _AS_LARGE)}
FLATNESS = {
    SMALLER: Threshold(-0.1, _TENTH),
    BEYOND: Threshold(-0.1, _AS_LARGE),
    FASTER: Threshold(-0.1, _TENTH),
}
SPREADING = {
    SPREAD: Threshold(0.5, _DIRECTIONS),
    BEYOND: Threshold(0.5, _AS_LARGE),
    ROUTED: Threshold(0.5, "the routing must add as much to random groups as the difference itself has to be"),
}
