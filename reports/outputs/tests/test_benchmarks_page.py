"""The page of benchmarks is what its results say, and a run adds to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.data.benchmarks import Result, read_results, write_results
from reports.outputs.benchmarks import benchmarks_page, main
from reports.pages.benchmark_tables import goals, growth, times

DOCS = Path(__file__).resolve().parents[3] / "docs"
RESULTS = DOCS / "benchmarks" / "results.json"


def timed(seconds: dict[str, list[float]], tokens: int = 8192) -> Result:
    point = {"experts": 128, "inner": 768, "layers": 1, "dtype": "bfloat16", "tokens": tokens}
    return Result("test_time", f"E128-{tokens}", "2026-01-02", "a machine", 1.0, {**point, "seconds": seconds})


ROUNDS = {"bare": [2.0, 4.0, 1.0], "capture": [2.0, 4.4, 1.0], "spectra": [2.1, 4.2, 1.05], "experts": [3.2, 8.0, 1.5]}


def run_of(*results: Result) -> dict[str, Any]:
    """What pytest-benchmark writes of results, and of a benchmark that notes nothing."""
    noted = {"threads": 1, "load": 2.0, "versions": {"torch": "3.1"}}
    each = [{"name": f"{r.benchmark}[{r.point}]", "param": r.point, "extra_info": r.figures | noted} for r in results]
    cpu = {"brand_raw": "Some CPU", "count": 2}
    return {
        "datetime": "2026-02-03T04:05:06",
        "machine_info": {"node": "secret", "python_version": "3.14.1", "cpu": cpu},
        "benchmarks": [*each, {"name": "test_other", "param": None, "extra_info": {}}],
    }


def test_the_page_is_made_of_the_results_beside_it() -> None:
    """To renew: ``python -m reports.outputs.benchmarks docs/benchmarks.md``."""
    assert benchmarks_page(read_results(RESULTS)) == (DOCS / "benchmarks.md").read_text(encoding="utf-8")


def test_ratios_are_of_the_same_round_and_a_way_that_was_not_measured_is_a_dash() -> None:
    shown = times([timed(ROUNDS)]).splitlines()[-1]
    cells = [cell.strip() for cell in shown.strip("|").split("|")]
    assert cells[5:] == [
        "2", "–", "–", "1.00 [1.00, 1.05]", "1.05 [1.05, 1.05]", "1.60 [1.55, 1.80]", "3",
    ]  # fmt: skip
    assert times([timed({"bare": [2.0], "capture": [2.5]})]).splitlines()[-1].split("|")[9].strip() == "1.25"


def test_goals_are_held_against_the_median_at_their_own_size_only() -> None:
    found = goals([timed(ROUNDS), timed(ROUNDS, 2048)])
    assert found == [
        "capture with spectra, 128 experts: 1.05, at most 1.05 was the goal: met",
        "capture of experts, 128 experts: 1.60, at most 1.5 was the goal: not met",
    ]


def test_growth_shows_what_differs_in_one_thing() -> None:
    other = timed(ROUNDS, 2048)
    other.figures["experts"] = 16
    both = [timed(ROUNDS), timed(ROUNDS, 2048), other]
    firsts = {axis: [row.split("|")[1].strip() for row in growth(both, axis).splitlines()[2:]] for axis in
              ("experts", "tokens", "layers")}  # fmt: skip
    assert firsts == {"experts": ["16", "128"], "tokens": ["2,048", "8,192"], "layers": ["1"]}
    assert "0.20 [0.10, 0.20]" not in growth(both, "layers")
    assert "1.20 [0.85, 2.60]" in growth(both, "layers")


def test_a_run_takes_the_place_of_what_was_kept_of_its_points(tmp_path: Path) -> None:
    page, run, kept = tmp_path / "benchmarks.md", tmp_path / "run.json", tmp_path / "benchmarks" / "results.json"
    write_results(kept, [timed(ROUNDS), timed(ROUNDS, 2048)])
    run.write_text(json.dumps(run_of(timed(ROUNDS | {"capture": [1.23456789] * 3}))))
    main([str(page), str(run)])
    old, new = read_results(kept)
    assert (old.day, new.day) == ("2026-01-02", "2026-02-03")
    assert (new.machine, new.load) == ("Some CPU, 2 cores, 1 thread; Python 3.14.1, torch 3.1", 2.0)
    assert new.figures["seconds"]["capture"] == [1.235] * 3
    assert page.read_text(encoding="utf-8") == benchmarks_page([old, new])
    assert "secret" not in kept.read_text(encoding="utf-8")
    before = kept.read_bytes()
    main([str(page)])
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("{}", "is not what pytest --benchmark-json writes"),
        ("no JSON", "is not what pytest --benchmark-json writes"),
        (json.dumps(run_of()), "the results hold no time of a capture (test_time)"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_run_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: str | None, said: str
) -> None:
    if run is not None:
        (tmp_path / "run.json").write_text(run)
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path / "page.md"), str(tmp_path / "run.json")])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "page").exists()
    assert not (tmp_path / "page.md").exists()


def test_results_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"benchmark": "test_time"}]')
    with pytest.raises(ValueError, match="does not hold results of benchmarks"):
        read_results(tmp_path / "results.json")
