"""Where a verdict comes from: code, versions, machine, text and seed."""

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from claims.runner.experiment_facts import read_in
from fixtures.evidence.experiments import Experiment, FunctionExperiment
from fixtures.evidence.noise_floor import noise_floor
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.token_routing import TokenRouting
from fixtures.evidence.trace import Trace
from fixtures.kinds.token_traces import AGAIN, TEXT
from fixtures.messages.published_command import joined, publishable
from fixtures.messages.quiet import first_line
from fixtures.session.plugin import live_evidence
from fixtures.session.subject import Evidence

_EVIDENCE = (Experiment, FunctionExperiment, Trace, SequenceTrace, TokenRouting)
_PACKAGES = ("torch", "transformers", "numpy", "scipy", "hypothesis", "pytest")


def provenance_of(item: pytest.Item) -> dict[str, Any]:
    """Return commit, versions and seed, and, where evidence was read, its population, device and dtype."""
    found: dict[str, Any] = {
        "commit": commit(),
        "date": started(),
        "versions": versions(),
        "seed": item.config.getoption("--seed"),
        "command": joined(publishable(arguments_of(item.config))),
    }
    evidence = read_by(item)
    first = read_in(evidence)[0] if isinstance(evidence, Experiment | FunctionExperiment) else evidence
    if first is not None:
        found |= dict(first.provenance)
        found["population"] = dict(first.population)
    if isinstance(first, Trace) and (subject := _subject(item)) is not None:
        found |= _second_reading(subject, first)
    return found


def arguments_of(config: pytest.Config) -> list[str]:
    """Return the arguments that the run was started with, behind ``pytest``; a worker has those of its controller."""
    given = getattr(config, "workerinput", {}).get("mainargv")
    return list(map(str, given[1:] if given else config.invocation_params.args))


def read_by(item: pytest.Item) -> Experiment | FunctionExperiment | Trace | SequenceTrace | TokenRouting | None:
    """Return the evidence that a test was given: the experiment, or the first trace; None for none.

    A test that was given other evidence of a checkpoint stands for the text that this checkpoint read, if it did.
    """
    given = getattr(item, "funcargs", {}).values()
    return next((each for each in given if isinstance(each, _EVIDENCE)), None) or _text(item)


def _text(item: pytest.Item) -> Trace | None:
    """The text that the checkpoint of a test read, None where there is no checkpoint, or it did not."""
    subject = _subject(item)
    try:
        return None if subject is None else subject.read(TEXT)
    except Exception:  # what went wrong is the record of the claims that read the text, and no reason to lose this one
        return None


def _second_reading(subject: Evidence, text: Trace) -> dict[str, Any]:
    """The noise floor that a second reading of the text shows, or why there is none."""
    try:
        again = subject.read(AGAIN)
    except Exception as error:  # no reason to lose the record, which says of it what can be said
        return {"flip_rate": f"not known: {first_line(error)}"}
    return {"other_batch_size": again.provenance.get("batch_size"), "flip_rate": noise_floor(text, again)}


def _subject(item: pytest.Item) -> Evidence | None:
    """Evidence of the checkpoint that a test is about, None where it is about none."""
    return live_evidence(item.config) if "subject" in _parameters(item) else None


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return dict(getattr(getattr(item, "callspec", None), "params", {}))


@cache
def commit() -> str:
    """Return the commit of this checkout, with ``+changes`` when files differ but pages of docs/; empty outside git."""
    root = Path(__file__).resolve().parents[2]
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ":!docs")
    return f"{head}+changes" if head and changed else head


@cache
def started() -> str:
    """Return when this process first recorded something, as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
