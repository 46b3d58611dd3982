"""Parts of a rollout by what they hold: the prompt, what was generated, a half of it, or its first n tokens."""

import re

from claims.core.finding import NotApplicable
from fixtures.evidence.sequences import SequenceTrace
from fixtures.rollouts.population import FIRST, PROMPT, SECOND

#: Name of a part of the completion: first and last place of the bin, and half of the completion.
GENERATED = re.compile(rf"generated (\d+)-(\d+), ({FIRST}|{SECOND})")
#: Share of the rollouts that reach a length at which usage is read, at least.
REACHED = 0.5


def prompt_part(rollouts: SequenceTrace) -> tuple[str, ...]:
    """Return the part of the prompt.

    Raises
    ------
    NotApplicable
        When the trace does not tell prompts from what was generated.
    """
    if PROMPT not in rollouts.parts:
        raise NotApplicable(f"the sequences have no part {PROMPT!r}; their parts are {', '.join(rollouts.parts)}")
    return (PROMPT,)


def generated_parts(
    rollouts: SequenceTrace, *, half: str | None = None, start: int = 0, end: int | None = None
) -> tuple[str, ...]:
    """Return the parts of what was generated from place ``start`` on and before place ``end``.

    Parameters
    ----------
    half : ``first half`` or ``second half`` of the rollout's own completion, None for both
    start, end : places in the completion; ``end`` is one of `lengths`, None for all that there is

    Raises
    ------
    NotApplicable
        When the trace has no such part.
    """
    chosen = tuple(
        name
        for name, first, last, own_half in _bins(rollouts)
        if start <= first and (end is None or last < end) and half in (None, own_half)
    )
    if not chosen:
        raise NotApplicable(f"the sequences have no generated part; their parts are {', '.join(rollouts.parts)}")
    return chosen


def lengths(rollouts: SequenceTrace) -> tuple[int, ...]:
    """Return the generated lengths at which usage can be read, ascending, for example 8, 16, 32."""
    return tuple(sorted({last + 1 for _, _, last, _ in _bins(rollouts)}))


def reached_lengths(rollouts: SequenceTrace) -> tuple[int, ...]:
    """Return the leading `lengths` whose last bin holds tokens of at least half of the rollouts."""
    found: list[int] = []
    for start, end in zip((0, *lengths(rollouts)), lengths(rollouts), strict=False):
        numbers = rollouts.part_numbers(generated_parts(rollouts, start=start, end=end))
        if (rollouts.part_tokens[:, numbers].sum(axis=1) > 0).mean() < REACHED:
            break
        found.append(end)
    return tuple(found)


def _bins(rollouts: SequenceTrace) -> list[tuple[str, int, int, str]]:
    """Name, first place, last place and half of each generated part."""
    matches = ((name, GENERATED.fullmatch(name)) for name in rollouts.parts)
    return [(name, int(found[1]), int(found[2]), found[3]) for name, found in matches if found]
