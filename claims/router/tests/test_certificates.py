"""What a router's claim certifies holds by the rule of a third party."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from claims.recheck import CHECKS
from claims.router.test_geo_fig01_linear_router import test_router_linearity as router_linearity
from claims.router.test_geo_fig01_linear_router import test_sufficiency_bound as sufficiency_bound
from claims.router.test_geo_prop1_necessity import test_necessity_full_space as necessity_full_space
from claims.router.tests.test_planted_linear_router import along_the_leading_direction, computed, cosines
from claims.tests.support.planted_moves import reachable
from claims.tests.support.planted_routers import WORLD
from claims.tests.support.verdicts import finding_of, two_layers


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        (router_linearity, lambda: {"trace": computed(0, cosines)}),
        (sufficiency_bound, lambda: {"trace": along_the_leading_direction(1.01)}),
        (necessity_full_space, lambda: {"trace": two_layers(WORLD, 4), "null_space_moves": reachable(0.52)}),
    ],
)
def test_a_claims_certificate_holds(claim: Callable[..., Any], evidence: Callable[[], dict[str, Any]]) -> None:
    found = finding_of(claim, **evidence()).counterexample
    assert found is not None
    holds, said = CHECKS[found.check]({name: array.astype(np.float64) for name, array in found.arrays.items()})
    assert holds, said
