"""The words of a report: symbols and meanings of verdicts and roles, titles of the groups, sentences of lists."""

from collections.abc import Sequence

from claims.core.verdict import Role, Verdict

SYMBOL = {
    Verdict.SUPPORTED: "✓",
    Verdict.PARTLY: "◐",
    Verdict.VACUOUS: "∅",
    Verdict.REFUTED: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.ERROR: "!",
}
MEANING = {
    Verdict.SUPPORTED: "the headline's 95 % interval lies wholly on the claimed side of its threshold, what lies "
    "beyond the null is large enough to matter, and no part of the sentence is refuted",
    Verdict.PARTLY: "the effect is there beyond its null, but it falls short of the stated size, or a part of the "
    "sentence is refuted; the reason says which",
    Verdict.VACUOUS: "the headline holds, but so does the null: what lies beyond it is too small to matter, so the "
    "claim's holding tells nothing of what it is about",
    Verdict.REFUTED: "the headline's interval lies wholly on the other side, and nothing that matters lies beyond the "
    "null; or a counterexample exists that a third party can recheck",
    Verdict.INCONCLUSIVE: "the interval of a premise, of the headline or of the excess reaches across its threshold, "
    "or fewer than five trainings an arm were compared; where it can be estimated, the reason says how many more units "
    "would decide",
    Verdict.NOT_APPLICABLE: "a premise of the claim is not met on this checkpoint, as measured; the reason has the "
    "number",
    Verdict.ERROR: "the claim could not be computed; the reason is given",
}
#: What a criterion is to its claim, in the order in which a table shows them.
ROLE = {
    Role.HEADLINE: "headline",
    Role.EXCESS: "excess over the null",
    Role.PART: "part",
    Role.PREMISE: "premise",
    Role.CONTROL: "control",
    Role.REPORTED: "reported",
}
ROLE_MEANING = {
    Role.HEADLINE: "the sentence's own quantity, which decides",
    Role.EXCESS: "the same quantity minus what the null gives, paired over the same units: whether there is more to it "
    "than the null. A claim without one has no null by nature",
    Role.PART: "what the sentence says besides. Refuted, it makes a supported claim hold partly",
    Role.PREMISE: "where it is not met, the sentence cannot be asked at all",
    Role.CONTROL: "what the null alone gives, or a case whose answer is known beforehand; decides nothing",
    Role.REPORTED: "another number of interest; decides nothing",
}
#: What stands in the place of a verdict where a finding was measured on a model that no step has trained.
CONTROL = "untrained control"
CONTROL_MEANING = (
    "a model that no step has trained: a null, not a checkpoint. Its numbers stand beside the others', and it has no "
    "verdict"
)
THEOREMS = "Theorems and premises"
THEOREMS_MEANING = (
    "True of every linear router by algebra, or premises of the measurement: checked on every checkpoint, never "
    "counted. A statement that algebra refutes must come out refuted"
)
GROUP = {
    "A": "The linear router",
    "B": "Load balancing and the shared direction",
    "C": "Inputs and context",
    "D": "Models, prompts and rollouts",
    "E": "Function and representation",
    "F": "What others say of routing",
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
