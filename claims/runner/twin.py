"""Ask the untrained twin of a checkpoint what a claim asks of the checkpoint: where it matters, and once a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from claims.core.claim import Claim, Variant
from claims.core.finding import Finding, NotApplicable
from claims.runner.evidence_digest import digest_of
from fixtures.kinds.token_traces import TEXT
from fixtures.messages.errors import MissingEvidence
from fixtures.session.evidence_fixtures import read_as
from fixtures.session.subject import Evidence
from fixtures.session.untrained_twin import Twin, twin_of

#: Arguments of a claim's function that are the same whoever is asked.
SAME = ("variant", "thresholds", "sampling")
#: Facts that a checkpoint and its twin have in common.
ALIKE = ("architecture", "parameters")


@dataclass(frozen=True)
class Answered:
    """What a twin gives: a finding, or why it has none; and the digest of the evidence that says so."""

    name: str
    finding: Finding | None
    why: str
    evidence: str


#: Asks a claim's function, with its arguments, of a twin's evidence in place of the checkpoint's.
Ask = Callable[[Callable[..., Finding], Mapping[str, Any]], Answered]

ANSWERED = pytest.StashKey[dict[tuple[str, ...], Answered]]()
#: The evidence of the twin that was asked last.
LAST = pytest.StashKey[tuple[Twin, Evidence]]()


def twin_to_ask(item: pytest.Item, claim: Claim, variant: Variant, checkpoint: Mapping[str, Any]) -> Ask | None:
    """Return how to ask the twin of a test's checkpoint; None where it has none, or the claim is a theorem.

    Parameters
    ----------
    checkpoint : as records describe it: a twin has the same architecture and as many parameters
    """
    twin = twin_of(item) if claim.kind == "finding" else None
    if twin is None:
        return None
    answers = item.config.stash.setdefault(ANSWERED, {})
    key = (str(twin.folder), claim.id, *variant.values(), *(str(checkpoint.get(fact)) for fact in ALIKE))

    def ask(test: Callable[..., Finding], arguments: Mapping[str, Any]) -> Answered:
        if key not in answers:
            answers[key] = _answer(twin.name, _evidence(item.config, twin), checkpoint, test, arguments)
        return answers[key]

    return ask


def _evidence(config: pytest.Config, twin: Twin) -> Evidence:
    last = config.stash.get(LAST, None)
    if last is None or last[0].folder != twin.folder:
        last = config.stash[LAST] = (twin, twin.evidence())
    return last[1]


def _require_alike(twin: Mapping[str, Any], checkpoint: Mapping[str, Any]) -> None:
    for fact in ALIKE:
        if twin.get(fact) != checkpoint.get(fact):
            raise MissingEvidence(f"its {fact}: {twin.get(fact)}, the checkpoint's: {checkpoint.get(fact)}")


def _text(evidence: object) -> object:
    return getattr(evidence, "population", {}).get("digest")


def _answer(
    name: str,
    twin: Evidence,
    checkpoint: Mapping[str, Any],
    test: Callable[..., Finding],
    arguments: Mapping[str, Any],
) -> Answered:
    read: dict[str, Any] = {}
    try:
        _require_alike(twin.read(TEXT).checkpoint, checkpoint)
        for argument, value in arguments.items():
            read[argument] = value if argument in SAME else read_as(argument, twin, arguments.get("variant", {}))
            if _text(read[argument]) != _text(value):
                raise MissingEvidence("it read another text")
        found, why = test(**read), ""
    except (MissingEvidence, NotApplicable) as reason:
        found, why = None, str(reason)
    except ValueError as error:
        raise ValueError(f"of the untrained twin {name}: {error}") from error
    return Answered(name, found, why, digest_of(read))
