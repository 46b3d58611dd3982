"""pytest glue: claims become items over (checkpoint, variant), findings become records, verdicts become outcomes."""

import re
import shlex
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from claims.core.claim import Claim, Variant, claim_of
from claims.core.finding import NotApplicable
from claims.core.record import PROPERTY, Record, to_json
from claims.core.verdict import Verdict
from claims.runner.catalogue import catalogue
from claims.runner.expectations import Expectation, ExpectationError, check_entries, expected_verdict, read_expectations
from claims.runner.experiment_facts import checkpoint_of
from claims.runner.measuring import Asked, measure, without_finding
from claims.runner.provenance import arguments_of, provenance_of, read_by
from claims.runner.twin import twin_to_ask
from fixtures.evidence.experiments import Experiment, FunctionExperiment
from fixtures.session.plugin import chosen_names, known_names, named
from metrics.stats.sampling import Sampling

ENTRIES = pytest.StashKey[list[Expectation]]()
RECORDED = pytest.StashKey[Record]()
DEFAULT_EXPECTATIONS = Path(__file__).parents[1] / "expected.toml"

#: Category for pytest's summary, letter and word of each verdict in the terminal.
OUTCOMES = {
    Verdict.SUPPORTED: ("passed", "S", "SUPPORTED"),
    Verdict.PARTLY: ("partly", "p", "PARTLY"),
    Verdict.VACUOUS: ("vacuous", "v", "VACUOUS"),
    Verdict.REFUTED: ("failed", "R", "REFUTED"),
    Verdict.INCONCLUSIVE: ("inconclusive", "i", "INCONCLUSIVE"),
    Verdict.NOT_APPLICABLE: ("not applicable", "n", "NOT APPLICABLE"),
    Verdict.ERROR: ("error", "E", "ERROR"),
}


@pytest.fixture
def sampling(pytestconfig: pytest.Config) -> Sampling:
    """Return the run's seed and number of resamples."""
    return Sampling(seed=pytestconfig.getoption("--seed"))


@pytest.fixture
def thresholds() -> dict[str, float]:
    """Stand for the claim's thresholds, which are filled in when it runs."""
    return {}


def pytest_configure(config: pytest.Config) -> None:
    """Read the expectations before anything runs, so that a damaged file ends the run at once."""
    path = Path(config.getoption("--expected") or DEFAULT_EXPECTATIONS)
    try:
        entries = read_expectations(path)
        check_entries(path, entries, catalogue(), _names(config))
    except ExpectationError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[ENTRIES] = entries
    known = {f"{c.id}.{name}" for c in catalogue() for name in c.thresholds}
    for name, _ in config.getoption("--threshold") or []:
        if name not in known:
            raise pytest.UsageError(f"--threshold {name}: no such threshold; known are {', '.join(sorted(known))}")


def _names(config: pytest.Config) -> set[str]:
    """Every checkpoint name that an expectation may speak of: embedded, control, and of this run."""
    return {*known_names(), *chosen_names(config), "generated"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a claim once for each of its variants."""
    declared = claim_of(metafunc.function)
    if declared is not None and "variant" in metafunc.fixturenames:
        ids = ["-".join(variant.values()) or "claim" for variant in declared.variants]
        metafunc.parametrize("variant", declared.variants, ids=ids)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Make claims selectable by id and figure: ``-k kernel-energy``, ``-k fig13``."""
    declared = _claim(item)
    if declared is None:
        return
    item.extra_keyword_matches.add(declared.id)
    for label in declared.figures:
        item.extra_keyword_matches.add(label.replace("Fig. ", "fig").replace(" ", "").lower())
    item.add_marker(pytest.mark.claim)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a finding's function, judge what it returns, and turn the verdict into an outcome."""
    declared = _claim(pyfuncitem)
    if declared is None or declared.kind == "identity":
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    record = measure(_asked(pyfuncitem, declared), pyfuncitem.obj, arguments)
    pyfuncitem.stash[RECORDED] = record
    _outcome(pyfuncitem, record)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the record to the report that travels to the controller; record failures of set-up as errors."""
    report = yield
    declared = _claim(item)
    if declared is None or report.when == "teardown" or (report.when == "setup" and report.passed):
        return report
    record = item.stash.get(RECORDED, None)
    if record is None:
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, pytest.skip.Exception):  # a fixture found that the claim does not apply
            error = NotApplicable(str(error))
        elif isinstance(error, pytest.fail.Exception):  # a fixture failed in one sentence
            error = ValueError(str(error))
        record = without_finding(_asked(item, declared), error, call.duration)
    report.user_properties = [*report.user_properties, (PROPERTY, to_json(record))]
    report.claim_verdict = record.verdict.value  # type: ignore[attr-defined]
    report.claim_expected = record.expected == record.verdict  # type: ignore[attr-defined]
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Show each verdict under its own word and letter; an expected one in green."""
    verdict = getattr(report, "claim_verdict", None)
    if verdict is None:
        return None
    category, letter, word = OUTCOMES[Verdict(verdict)]
    if report.passed and getattr(report, "claim_expected", False):
        return (
            "passed" if category == "failed" else category,
            letter.lower(),
            (f"{word} (expected)", {"green": True}),
        )
    if report.skipped and category == "failed":
        return "refuted beside", letter.lower(), (f"{word} (beside)", {"yellow": True})
    if report.failed:
        return "failed" if category != "error" else "error", letter, (word, {"red": True})
    return category, letter, (word, {"green": report.passed, "yellow": report.skipped})


def _claim(item: pytest.Item) -> Claim | None:
    return claim_of(item.function) if isinstance(item, pytest.Function) else None


def _variant(item: pytest.Item) -> Variant:
    return dict(getattr(getattr(item, "callspec", None), "params", {}).get("variant", {}))


def _expectation(item: pytest.Item, name: str, checkpoint: Mapping[str, Any], variant: Variant) -> Expectation | None:
    """Return what is expected; of routing alone, which gives few claims what they need, only what names it."""
    entries: list[Expectation] = item.config.stash[ENTRIES]
    if checkpoint.get("evidence"):
        entries = [entry for entry in entries if entry.checkpoint == checkpoint["name"]]
    return expected_verdict(entries, name, str(checkpoint["name"]), variant)


def _checkpoint(item: pytest.Item) -> dict[str, Any]:
    """What the record says of the checkpoint: the captured facts, or at least its name."""
    found = read_by(item)
    if isinstance(found, Experiment | FunctionExperiment):
        return checkpoint_of(found)
    return named(item) if found is None else dict(found.checkpoint)


def _asked(item: pytest.Item, declared: Claim) -> Asked:
    """What this item asks of whom."""
    variant, checkpoint = _variant(item), _checkpoint(item)
    entry = _expectation(item, declared.id, checkpoint, variant)
    return Asked(
        claim=declared,
        variant=variant,
        checkpoint=checkpoint,
        expected=tuple(verdict.value for verdict in entry.verdicts) if entry else (),
        overrides=dict(item.config.getoption("--threshold") or []),
        report_dir=Path(item.config.getoption("--report-dir")),
        provenance=provenance_of(item),
        twin=twin_to_ask(item, declared, variant, checkpoint),
    )


def _outcome(item: pytest.Item, record: Record) -> None:
    """Pass, fail or skip: supported, partly and vacuous pass, refuted fails, unless another verdict was expected.

    A variant beside the primary one is reported, and an untrained control is a null: where one of these is refuted it
    is skipped, as what is undecided is.
    """
    __tracebackhide__ = True
    entry = _expectation(item, record.claim, record.checkpoint, record.variant)
    measured = f"measured {record.verdict}" if entry else str(record.verdict)
    message = (
        f"{record.claim}: {measured}: {record.reason or 'every criterion holds'}\n  repeat: {_repeat(item, record)}"
    )
    if entry is not None:
        if record.verdict not in entry.verdicts:
            pytest.fail(f"expected {entry.says} ({entry.reason}); {message}", pytrace=False)
    elif record.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE):
        pytest.skip(f"{record.claim}: {record.verdict}: {record.reason}")
    elif record.verdict is Verdict.REFUTED and (not record.primary or record.checkpoint.get("control")):
        where = "on an untrained control" if record.primary else "in a variant beside the primary one"
        pytest.skip(f"{record.claim}: {record.verdict} {where}: {record.reason}")
    elif record.verdict not in (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.VACUOUS):
        pytest.fail(message, pytrace=False)


def _repeat(item: pytest.Item, record: Record) -> str:
    """The command that repeats just this claim on just this checkpoint, with the options of this run."""
    name = str(record.checkpoint["name"])
    chosen = f"{record.claim} and {name}" if re.fullmatch(r"[\w.-]+", name) else record.claim
    return shlex.join(["pytest", *arguments_of(item.config), "-k", chosen])
