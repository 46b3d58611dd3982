"""What the claims of routing alone take on a routing folder, in a process of their own.

``python -m claims.tests.support.timed_claims FOLDER [CLAIM ...]`` prints as JSON, for the reading and for each claim,
the CPU seconds, and the bytes at the peak of the process so far.
"""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from claims.choices.test_2601_03425_committee import test_standing_committee
from claims.choices.test_2603_11114_signatures import test_routing_signatures
from claims.choices.test_2604_05267_domain_experts import test_domain_experts
from claims.choices.test_mixtral_tab05_consecutive import test_consecutive_experts
from claims.choices.test_olmoe_coactivation import test_co_activation
from claims.choices.test_olmoe_token_routing import test_token_routing
from claims.tests.support.verdicts import declared, finding_of
from fixtures.kinds.token_routing import TOKEN_ROUTING
from fixtures.routing.reader import RoutingFolder
from fixtures.tests.support.process_cost import took
from metrics.stats.sampling import Sampling

CLAIMS = (
    test_consecutive_experts,
    test_standing_committee,
    test_routing_signatures,
    test_domain_experts,
    test_co_activation,
    test_token_routing,
)


def timed(folder: Path, wanted: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Read the folder once, ask the wanted claims in all their variants, or every claim, and say what each took."""
    assert TOKEN_ROUTING.from_routing is not None
    begun, found = time.process_time(), {}
    routing = TOKEN_ROUTING.from_routing(RoutingFolder(folder), 0)
    found["reading"] = took(begun)
    for test in CLAIMS:
        claim = declared(test)
        if wanted and claim.id not in wanted:
            continue
        begun = time.process_time()
        for variant in claim.variants:
            given: dict[str, Any] = {"token_routing": routing, "sampling": Sampling(0), "variant": variant}
            finding_of(test, **{name: value for name, value in given.items() if name != "variant" or variant})
        found[claim.id] = took(begun)
        print(claim.id, found[claim.id], file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    print(json.dumps(timed(Path(sys.argv[1]), tuple(sys.argv[2:]))))
