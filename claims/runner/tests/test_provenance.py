"""What a record says of where it comes from, when the text itself could not be read."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from claims.runner.provenance import provenance_of, read_by
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.kind import Kind
from fixtures.evidence.trace import Trace
from fixtures.kinds.token_traces import AGAIN
from fixtures.messages.errors import MissingEvidence, TraceError
from fixtures.planted.tokens import World
from fixtures.session.plugin import LIVE

TEXT = two_layers(World(), 1)


class Evidence:
    """A checkpoint's evidence: its text and a second reading, or a reason why there is none."""

    def __init__(self, text: Trace | Exception, again: Trace | Exception = TEXT) -> None:
        self.text, self.again = text, again

    def read(self, kind: Kind[Trace]) -> Trace:
        """Return the text as it was read first or again, or fail."""
        found = self.again if kind is AGAIN else self.text
        if isinstance(found, Exception):
            raise found
        return found


def item(evidence: Evidence) -> Any:
    """A test that was given evidence in which no trace is, such as scores of a pruned model."""
    given: Any = evidence
    stash = pytest.Stash()
    stash[LIVE] = given
    invocation = SimpleNamespace(args=("claims",))
    config = SimpleNamespace(stash=stash, getoption=lambda _: 0, invocation_params=invocation)
    return SimpleNamespace(config=config, funcargs={}, callspec=SimpleNamespace(params={"subject": "moe"}))


def test_other_evidence_stands_for_the_text() -> None:
    assert read_by(item(Evidence(TEXT))) is TEXT


@pytest.mark.parametrize("error", [TraceError("damaged"), MissingEvidence("not read"), RuntimeError("out of memory")])
def test_a_text_that_cannot_be_read_loses_no_other_record(error: Exception) -> None:
    assert read_by(item(Evidence(error))) is None
    assert "population" not in provenance_of(item(Evidence(error)))


@pytest.mark.parametrize(
    ("again", "says"),
    [
        (replace(TEXT, flip_rate=0.25), 0.25),
        (RuntimeError("out of memory\nwhere"), "not known: out of memory"),
        (MissingEvidence("the run that saved it did not ask"), "not known: the run that saved it did not ask"),
    ],
)
def test_a_record_says_why_its_noise_floor_is_not_known(again: Trace | Exception, says: object) -> None:
    assert provenance_of(item(Evidence(TEXT, again)))["flip_rate"] == says
