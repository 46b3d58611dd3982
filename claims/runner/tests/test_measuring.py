"""What the runner adds to a finding before it is judged: that the loaded routers are those of the checkpoint."""

from pathlib import Path
from typing import Any

import pytest

from claims.core.claim import Claim, Threshold
from claims.core.finding import Finding, Measured
from claims.core.verdict import Verdict
from claims.runner.measuring import Asked, measure
from metrics.stats.bootstrap import exact


def asked(changed: float, kind: Any, folder: Path) -> Asked:
    fields = {"title": "t", "source": "s", "figures": (), "statement": "s", "equation": "e", "definition": "d"}
    bound = {"bound": Threshold(1.0, "because")}
    one = Claim(id="x", group="A", null_says="n", paper="p", thresholds=bound, kind=kind, **fields)
    router = {"other experts than stored": changed, "asked": 3072}
    return Asked(one, {}, {"name": "c", "router": router}, (), {}, folder, {})


def holds() -> Finding:
    return Finding(headline=(Measured("x", exact(2, 5), ">", "bound"),))


@pytest.mark.parametrize(
    ("changed", "kind", "expected"),
    [
        (0.18, "finding", Verdict.NOT_APPLICABLE),
        (0.01, "finding", Verdict.SUPPORTED),
        (0.18, "theorem", Verdict.SUPPORTED),  # true of any router, whoever stored it
    ],
)
def test_claims_about_a_router_that_is_not_the_stored_one_do_not_apply(
    changed: float, kind: str, expected: Verdict, tmp_path: Path
) -> None:
    record = measure(asked(changed, kind, tmp_path), holds, {})
    assert record.verdict is expected
    assert ("18" in record.reason) == (expected is Verdict.NOT_APPLICABLE)
