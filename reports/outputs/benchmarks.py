"""Write the page of what the suite costs, from benchmarks that ran.

    python -m reports.outputs.benchmarks docs/benchmarks.md build/benchmarks.json

adds a run of pytest-benchmark to the results that are kept beside the page, in ``docs/benchmarks/results.json``, each
in the place of an older one of the same point, and writes the page from all of them; without a run, from those kept.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from fixtures.files.whole_files import write_whole
from fixtures.messages.command_line import run_command
from reports.data.benchmarks import Result, merged, read_results, results_of_run, write_results
from reports.pages.benchmark_tables import (
    AXES,
    goals,
    growth,
    jacobians,
    likelihoods,
    memory,
    shared_prompts,
    stages,
    times,
    took,
)
from reports.text.numbers import number
from reports.text.templates import fill


def benchmarks_page(results: Sequence[Result]) -> str:
    """Return the page of some results.

    Raises
    ------
    ValueError
        When there are none of the capture's time.
    """
    timed = _of(results, "test_time", "tokens", "dtype", "experts", "layers")
    if not timed:
        raise ValueError("the results hold no time of a capture (test_time)")
    return fill(
        "benchmarks.md.j2",
        times=times(timed),
        goals=goals(timed),
        growth=[(axis, growth(timed, axis)) for axis in AXES],
        likelihoods=likelihoods(_of(results, "test_time_of_likelihoods", "experts")),
        prompts=shared_prompts(_of(results, "test_time_of_rollouts", "experts")),
        memory=memory(_of(results, "test_peak_memory", "experts", "way")),
        layer=stages(_of(results, "test_layer_of_experts", "experts")),
        jacobians=jacobians(_of(results, "test_alignment_and_jacrev", "width")),
        routing=took(_of(results, "test_routing", "million_rows")),
        claims=took(_of(results, "test_claims", "million_rows")),
        runs=_runs(results),
    )


def _of(results: Iterable[Result], benchmark: str, *order: str) -> list[Result]:
    """Results of one benchmark, in the order of some figures."""
    return sorted(
        (each for each in results if each.benchmark == benchmark), key=lambda each: [each.figures[key] for key in order]
    )


def _runs(results: Iterable[Result]) -> list[tuple[str, str]]:
    """Each machine and day, and what was measured there."""
    found: dict[str, list[Result]] = {}
    for each in results:
        found.setdefault(f"{each.day}, {each.machine}", []).append(each)
    return [(name, _busy(there)) for name, there in sorted(found.items())]


def _busy(results: Sequence[Result]) -> str:
    loads = sorted(each.load for each in results)
    return f"{len(results)} points; {number(loads[0])} to {number(loads[-1])} processes wanted a core"


def write_page(page: Path, runs: Iterable[Path]) -> None:
    """Add runs to the results beside a page, and write it; nothing is written where a run cannot be read.

    Raises
    ------
    ValueError
        When a file holds no results.
    """
    kept = page.with_suffix("") / "results.json"
    results = merged(read_results(kept), [each for run in runs for each in results_of_run(run)])
    text = benchmarks_page(results)
    write_results(kept, results)
    write_whole(page, text)


def main(arguments: list[str] | None = None) -> None:
    """Write the page; what is wrong is said in one sentence, with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.outputs.benchmarks", description="What the suite costs, from benchmarks that ran."
    )
    parser.add_argument("page", type=Path, help="the page; its results lie in a folder of the same name")
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="what pytest --benchmark-json wrote")
    parser.set_defaults(run=lambda asked: write_page(asked.page, asked.runs))
    run_command(parser, arguments, ValueError, "nothing is half-written")


if __name__ == "__main__":
    main()
