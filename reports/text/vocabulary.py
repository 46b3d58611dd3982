"""The words of a report: symbols and meanings of the verdicts, titles of the groups, sentences of lists."""

from collections.abc import Sequence

from claims.core.verdict import Verdict

SYMBOL = {
    Verdict.SUPPORTED: "✓",
    Verdict.REFUTED: "✗",
    Verdict.VACUOUS: "∅",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.ERROR: "!",
}
MEANING = {
    Verdict.SUPPORTED: "every criterion's 95 % interval lies on the claimed side of its threshold, and the "
    "claim's null does not satisfy them too",
    Verdict.REFUTED: "some criterion's interval lies wholly on the other side, or a counterexample exists that "
    "a third party can recheck",
    Verdict.VACUOUS: "the criteria hold, but they hold for the claim's null as well: true, and says nothing",
    Verdict.INCONCLUSIVE: "an interval, or that of a positive control, straddles its threshold: more data would be "
    "needed to tell",
    Verdict.NOT_APPLICABLE: "a premise of the claim is not met on this checkpoint; the reason is given",
    Verdict.ERROR: "the claim could not be computed; the reason is given",
}
GROUP = {
    "A": "The linear router",
    "B": "Load balancing and the shared direction",
    "C": "Inputs and context",
    "D": "Models, prompts and rollouts",
    "E": "Function and representation",
    "F": "Beyond both papers",
}
#: Name of the checkpoint of an identity: mathematics on generated cases, no model.
GENERATED = "generated"


def shown(verdict: Verdict) -> str:
    """Return symbol and word, ``✓ supported``."""
    return f"{SYMBOL[verdict]} {verdict}"


def listed(words: Sequence[str], most: int = 8) -> str:
    """Join words as English does; beyond ``most`` the rest is only counted.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=2)
    ('a, b and c', 'a, b and 1 more')
    """
    kept = list(words[:most]) + ([f"{len(words) - most} more"] if len(words) > most else [])
    return kept[0] if len(kept) == 1 else f"{', '.join(kept[:-1])} and {kept[-1]}" if kept else "none"


def somewhere(names: Sequence[str], everywhere: Sequence[str]) -> str:
    """Join names, or say that they are all there are.

    Examples
    --------
    >>> somewhere(["a", "b"], ["a", "b", "c"]), somewhere(["b", "a"], ["a", "b"]), somewhere(["a"], ["a"])
    ('a and b', 'everywhere', 'a')
    """
    return "everywhere" if len(everywhere) > 1 and set(names) >= set(everywhere) else listed(names)


def ranges(numbers: Sequence[int]) -> str:
    """Join numbers, neighbours as a run.

    Examples
    --------
    >>> ranges([5]), ranges([3, 23]), ranges([10, 26, 27, 28, 29])
    ('5', '3 and 23', '10 and 26 to 29')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return listed([f"{run[0]} to {run[-1]}" if len(run) > 2 else " and ".join(map(str, run)) for run in runs], most=30)


def plural(n: int, noun: str) -> str:
    """Return ``1 claim``, ``2 claims``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
