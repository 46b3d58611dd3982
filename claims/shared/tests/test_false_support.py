"""How often the suite is wrong: claims called supported in worlds where they are not, at most one in twenty."""

from collections.abc import Callable

import pytest

from claims.core.verdict import Verdict
from claims.inputs.tests.test_planted_inputs import confidence_null, similarity_null
from claims.router.tests.test_planted_kernel import kernel_energy_null
from claims.router.tests.test_planted_low_rank import few_directions_null
from claims.router.tests.test_planted_router import row_space_null, same_experts_null, tightness_null

#: Worlds drawn for each claim.
DRAWS = 200


@pytest.mark.parametrize(
    "null",
    [
        same_experts_null,
        tightness_null,
        row_space_null,
        kernel_energy_null,
        few_directions_null,
        confidence_null,
        similarity_null,
    ],
    ids=lambda null: null.__name__.removesuffix("_null"),
)
def test_false_support_stays_below_five_percent(null: Callable[[int], Verdict]) -> None:
    supported = sum(null(seed) == Verdict.SUPPORTED for seed in range(DRAWS))
    assert supported <= 0.05 * DRAWS, f"{supported} of {DRAWS} null draws were called supported"
