"""Ask the untrained twin of a checkpoint what a claim asks of the checkpoint: where it matters, and once a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pytest

from claims.core.claim import Claim, Variant
from claims.core.finding import Finding, NotApplicable
from claims.runner.evidence_digest import digest_of
from claims.shared.premises import NATS
from fixtures.evidence.kind import Kind
from fixtures.evidence.trace import Trace
from fixtures.kinds.token_traces import TEXT
from fixtures.messages.errors import MissingEvidence
from fixtures.session.evidence_fixtures import read_as
from fixtures.session.subject import Evidence
from fixtures.session.untrained_twin import Twin, twin_of

T = TypeVar("T")

#: Arguments of a claim's function that are the same whoever is asked.
SAME = ("variant", "thresholds", "sampling")
#: Facts that a checkpoint and its twin have in common, where both are known.
ALIKE = ("architecture", "parameters", "experts", "top_k")


@dataclass(frozen=True)
class Answered:
    """What a twin gives.

    Attributes
    ----------
    name, revision : whose evidence it is
    finding : None where it has none
    why : why it has none; ``unread`` where that is for want of evidence, and not by the claim's own premises
    evidence : the digest of the evidence
    """

    name: str
    revision: str
    finding: Finding | None
    why: str
    unread: bool
    evidence: str


class Null:
    """Evidence of a twin that says of itself that it is a null's: no premise on trained models is asked of it.

    What stays in memory is the same object whenever it is read, so that claims remember what they computed of it.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._in_memory: dict[str, Any] = {}

    def read(self, kind: Kind[T]) -> T:
        """Return the twin's evidence of a kind, or raise `MissingEvidence` where it cannot give it."""
        if kind.name in self._in_memory:
            known: T = self._in_memory[kind.name]
            return known
        found: T = _as_control(self._evidence.read(kind))
        if kind.in_memory:
            self._in_memory[kind.name] = found
        return found


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

    def ask(test: Callable[..., Finding], arguments: Mapping[str, Any]) -> Answered:
        read = [str(_read(arguments[name])) for name in sorted(arguments) if name not in SAME]
        facts = [str(checkpoint.get(fact)) for fact in ALIKE]
        key = (str(twin.folder), claim.id, *variant.values(), *facts, *read)
        if key not in answers:
            answers[key] = _answer(twin, item.config, checkpoint, test, arguments)
        return answers[key]

    return ask


def _evidence(config: pytest.Config, twin: Twin) -> Evidence:
    last = config.stash.get(LAST, None)
    if last is None or last[0].folder != twin.folder:
        last = config.stash[LAST] = (twin, Null(twin.evidence()))
    return last[1]


def _answer(
    twin: Twin,
    config: pytest.Config,
    checkpoint: Mapping[str, Any],
    test: Callable[..., Finding],
    arguments: Mapping[str, Any],
) -> Answered:
    read: dict[str, Any] = {}
    found, why, unread, facts = None, "", False, {}
    try:
        evidence = _evidence(config, twin)
        text = evidence.read(TEXT)
        facts = text.checkpoint
        _require_alike(text, checkpoint)
        variant = arguments.get("variant", {})
        for argument, value in arguments.items():
            read[argument] = value if argument in SAME else read_as(argument, evidence, variant)
            if _read(read[argument]) != _read(value):
                raise MissingEvidence("it read another text, or other layers")
        found = test(**read)
    except NotApplicable as reason:
        why = str(reason)
    except MissingEvidence as reason:
        why, unread = str(reason), True
    except ValueError as error:
        raise ValueError(f"of the untrained twin {twin.name}: {error}") from error
    return Answered(twin.name, str(facts.get("revision", "")), found, why, unread, digest_of(read))


def _require_alike(twin: Trace, checkpoint: Mapping[str, Any]) -> None:
    """Refuse a twin that is none: of another architecture, or trained."""
    for fact in ALIKE:
        theirs, ours = twin.checkpoint.get(fact), checkpoint.get(fact)
        if theirs is not None and ours is not None and theirs != ours:
            raise MissingEvidence(f"its {fact}: {theirs}, the checkpoint's: {ours}")
    gained = np.zeros(1) if twin.fit is None else twin.fit.unigram - twin.fit.nll
    if np.mean(gained[np.isfinite(gained)]) >= NATS:
        raise MissingEvidence("it models its text half a nat a token better than token frequencies: it is trained")


def _as_control(evidence: Any) -> Any:
    """Say of evidence that it is a null's, of which no premise on trained models is asked."""
    facts = getattr(evidence, "checkpoint", None)
    return evidence if facts is None else replace(evidence, checkpoint={**facts, "control": True})


def _read(evidence: object) -> object:
    """What evidence was read from: the text, and the numbers of the layers."""
    layers = getattr(evidence, "layers", ())
    numbers = [getattr(layer, "layer", None) or getattr(getattr(layer, "router", None), "layer", 0) for layer in layers]
    return getattr(evidence, "population", {}).get("digest"), numbers
