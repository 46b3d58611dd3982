"""Cosines at single tokens that are estimated: the error that is told with them, and what it bounds."""

import numpy as np

from fixtures.studies.token_cosines import token_cosines
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert


def test_probes_say_their_error_which_bounds_what_absolute_values_hold_of_it() -> None:
    rng = np.random.default_rng(8)
    experts, width, inner = 4, 64, 1024
    common, unit = rng.standard_normal(width), gated_unit(activation("silu"))
    found = []
    for number in range(experts):  # one output direction for all, and inputs that no other expert sees
        inputs = np.zeros((2, inner, width))
        own = slice(number * 16, (number + 1) * 16)
        inputs[:, :, own] = rng.standard_normal((2, inner, 16))
        found.append(Expert(inputs[0], inputs[1], np.outer(common, rng.standard_normal(inner)), unit))
    block = np.arange(96) % 4
    cosines = token_cosines(found, rng.standard_normal((96, width)), block, 4, np.random.default_rng(0), affordable=0)
    assert "random probes" in cosines.method
    assert f"standard error of one cosine {cosines.noise:.2g}" in cosines.method
    off = ~np.eye(experts, dtype=bool)
    assert cosines.absolute[:, off].mean() > 0.1
    assert cosines.absolute[:, off].mean() - cosines.noise <= 0
    assert abs(cosines.signed[:, off].mean()) < 0.05
    exact = token_cosines(found[:2], rng.standard_normal((4, width)), block[:4], 4, rng, affordable=1e12)
    assert exact.noise == 0
    assert "standard error" not in exact.method
