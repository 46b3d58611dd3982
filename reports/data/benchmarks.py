"""Results of benchmarks, as pytest-benchmark writes them and as the repository keeps them: figures, machine, date."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from fixtures.files.whole_files import write_whole
from reports.text.vocabulary import plural

#: Significant digits of what is kept.
DIGITS = 4


@dataclass(frozen=True)
class Result:
    """One benchmark at one point.

    Attributes
    ----------
    benchmark, point : name of the test, and what its parameters are called
    day : date of the run
    machine : processor, cores, threads, and the versions that it was measured with
    load : processes that wanted a core when it ended, the benchmark's own among them
    figures : what it noted; see ``fixtures.tests.support.benchmark_notes``
    """

    benchmark: str
    point: str
    day: str
    machine: str
    load: float
    figures: dict[str, Any]


def results_of_run(path: Path) -> list[Result]:
    """Read what ``pytest --benchmark-json`` wrote; benchmarks that noted no figures are left out.

    Raises
    ------
    ValueError
        When it is no such file.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        return [_result(run, each) for each in run["benchmarks"] if "versions" in each["extra_info"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not what pytest --benchmark-json writes") from error


def read_results(path: Path) -> list[Result]:
    """Read results that are kept; none where there is no file.

    Raises
    ------
    ValueError
        When they are not what `write_results` writes.
    """
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Result])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} does not hold results of benchmarks") from error


def merged(kept: Iterable[Result], new: Iterable[Result]) -> list[Result]:
    """Return all results in order; a new one stands in the place of what was kept of the same point."""
    found = {(each.benchmark, each.point): each for each in (*kept, *new)}
    return [found[key] for key in sorted(found)]


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Keep results, one a line."""
    lines = ",\n".join(json.dumps(asdict(each)) for each in results)
    write_whole(path, f"[\n{lines}\n]\n")


def _result(run: Mapping[str, Any], each: Mapping[str, Any]) -> Result:
    figures = dict(each["extra_info"])
    threads, load, versions = (figures.pop(name) for name in ("threads", "load", "versions"))
    cpu = run["machine_info"]["cpu"]
    told = {"Python": run["machine_info"]["python_version"], **versions}
    machine = "; ".join(
        (
            f"{cpu['brand_raw']}, {plural(cpu['count'], 'core')}, {plural(threads, 'thread')}",
            ", ".join(f"{name} {version}" for name, version in told.items()),
        )
    )
    name = each["name"].partition("[")[0]
    return Result(name, each["param"], run["datetime"][:10], machine, load, _rounded(figures))


def _rounded(value: Any) -> Any:
    """Figures to a few digits, whatever they stand in."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
