"""Time and peak memory of the claims of routing alone, from few documents to many.

48 layers, 8 of 128 experts, documents of 1,024 tokens of 8 domains. CPU seconds of a process that reads the folder and
asks one claim after another. Run by ``make bench``: 0.25 million rows; LONG=1 adds 0.5, 1 and 2 million. See
docs/benchmarks.md.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from fixtures.tests.support.benchmark_notes import note
from fixtures.tests.support.printed_table import printed_table
from fixtures.tests.support.process_cost import printed_by

pytestmark = pytest.mark.benchmarks

MILLIONS = (0.25, *((0.5, 1, 2) if "LONG" in os.environ else ()))
LIMIT = 4 * 2**30  # bytes that the process may hold at most


table = printed_table("Claims on 48 layers, 8 of 128 experts: CPU seconds, and MiB at the peak so far")


@pytest.mark.parametrize("millions", MILLIONS)
def test_claims(benchmark: Any, table: list[dict[str, Any]], tmp_path: Path, millions: float) -> None:
    printed_by("fixtures.tests.support.synthetic_routing", "make", str(tmp_path / "r"), str(round(millions * 1e6)))
    found = benchmark.pedantic(lambda: printed_by("claims.tests.support.timed_claims", str(tmp_path / "r")))
    for what, took in found.items():
        row = {
            "million rows": millions,
            "what": what,
            "seconds": round(took["seconds"], 1),
            "peak": round(took["peak"] / 2**20),
        }
        table.append(row)
        assert took["peak"] < LIMIT
    note(benchmark, million_rows=millions, took=found)
