"""What a record says of where it comes from, when the text itself could not be read."""

from types import SimpleNamespace
from typing import Any

import pytest

from claims.runner.provenance import provenance_of, read_by
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import Trace
from fixtures.messages.errors import MissingEvidence, TraceError
from fixtures.planted.tokens import World
from fixtures.session.plugin import LIVE

TEXT = two_layers(World(), 1)


class Evidence:
    """A checkpoint's evidence, with its text or a reason why there is none."""

    def __init__(self, text: Trace | Exception) -> None:
        self.text = text

    def read(self, _: object) -> Trace:
        """Return the text, or fail."""
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


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
