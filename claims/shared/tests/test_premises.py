"""The premises that several claims share, on evidence in which each of them fails."""

import pytest

from claims.shared.premises import CHANGED, routes_as_stored


@pytest.mark.parametrize(
    ("router", "holds"),
    [
        ({"other experts than stored": 0.18, "asked": 3072}, False),
        ({"other experts than stored": 0.01, "asked": 3072}, True),
        ({"other experts than stored": 0.0, "asked": 3072}, None),
        (None, None),
    ],
)
def test_a_router_that_loading_changed_is_not_that_of_the_checkpoint(
    router: dict[str, float] | None, holds: bool | None
) -> None:
    found = routes_as_stored({"name": "x"} if router is None else {"name": "x", "router": router})
    assert [one.estimate.value <= CHANGED for one in found] == ([] if holds is None else [holds])
