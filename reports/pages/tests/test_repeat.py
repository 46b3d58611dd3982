"""The command that repeats a verdict: its claim on its checkpoint, with what numbers depend on and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.pages.repeat import command_of, repeat, whole_command_of
from reports.tests.support.sample_kinds import experiment
from reports.tests.support.samples import record


def of(name: str, provenance: dict[str, Any] | None = None, **facts: Any) -> Record:
    made = record("kernel-energy", name, Verdict.SUPPORTED)
    return replace(made, checkpoint={"name": name, **facts}, provenance=provenance or {})


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (of("olmoe-aux", {"seed": 0}, about="embedded, trained here"), "claims -k 'kernel-energy and olmoe-aux'"),
        (of("org/moe", {"seed": 7}), "claims --checkpoint org/moe --seed 7 -k kernel-energy"),
        (of("org/moe", revision="a" * 40), f"claims --checkpoint org/moe@{'a' * 40} -k kernel-energy"),
        (of("d", kind="dense"), "claims --dense d -k 'kernel-energy and d'"),
        (of("org/moe", evidence="routing alone"), "claims --routing FOLDER -k kernel-energy"),
        (of("generated"), "claims -k kernel-energy"),
        (experiment("a-claim", "loss", Verdict.SUPPORTED, provenance={}), "claims -k a-claim"),
        (
            of("m", {"command": "claims --report-dir out -n 2 -q --checkpoint ./m --seed 3 --profile quick -k fig1"}),
            "claims --checkpoint ./m --seed 3 --profile quick -k 'kernel-energy and m'",
        ),
        (of("m", {"command": "--checkpoint ~/'a b'"}), "claims --checkpoint ~/'a b' -k 'kernel-energy and m'"),
        (of("m", {"command": "--checkpoint=./m -x"}), "claims --checkpoint=./m -k 'kernel-energy and m'"),
        (of("m", {"command": "claims/router -m gpu"}), "claims/router -k 'kernel-energy and m'"),
    ],
)
def test_the_command_has_what_numbers_depend_on(given: Record, command: str) -> None:
    assert command_of(given) == f"pytest {command}"


def test_the_command_of_a_whole_checkpoint_names_no_claim() -> None:
    assert whole_command_of(of("olmoe-aux", about="embedded")) == "pytest claims -k olmoe-aux"
    assert whole_command_of(of("org/moe")) == "pytest claims --checkpoint org/moe"


def test_a_name_is_quoted_and_what_was_read_is_told() -> None:
    assert command_of(of("a; rm -r b")) == "pytest claims --checkpoint 'a; rm -r b' -k kernel-energy"
    told = repeat(of("m", {"population": {"name": "prose", "digest": "ab"}, "seed": 2}))
    assert told.text == ("prose", "ab")
    assert told.saved.startswith("pytest claims --trace out/traces/m-")
    assert told.saved.endswith("--seed 2 -k kernel-energy")
    assert repeat(of("m", evidence="routing alone")).saved == ""


@pytest.mark.parametrize(
    ("evidence", "said"),
    [("0123456789abcdef", "0123456789abcdef"), ("", "nothing that was captured"), (None, "unknown")],
)
def test_the_digest_of_the_evidence_is_told_or_why_there_is_none(evidence: str | None, said: str) -> None:
    assert said in repeat(replace(of("m"), evidence=evidence)).evidence
