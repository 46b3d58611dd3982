"""What both a claim's page and the page to browse say of it, in the same words; ``say`` makes a text fit for either."""

from collections.abc import Callable

from claims.record import Record
from claims.verdict import Verdict
from reports.paper import cited
from reports.places import Kind, arms, kind_of, repeats
from reports.words import listed, plural

Say = Callable[[str], str]


def facts(record: Record, say: Say) -> list[tuple[str, str]]:
    """Return (name, text) of where a claim comes from, how it is read and what it is held against."""
    figures = f" (figures: {say(cited(record.figures))})" if record.figures else ""
    found = (
        ("Source", say(record.source) + figures),
        ("Definition", say(record.definition)),
        ("The paper reports", say(record.paper)),
        ("Null", say(record.null_says)),
    )
    return [(name, text) for name, text in found if text.strip()]


def equation(record: Record) -> list[str]:
    """Return the lines of an equation, a new one for each of its parts; none where there is none."""
    return [line for part in record.equation.replace(";  ", ";\n").splitlines() if (line := part.rstrip())]


def compared(record: Record, say: Say) -> str:
    """Say what an experiment compares, and with which checkpoints; "" for what is no experiment."""
    found = arms(record)
    if not found:
        return ""
    seeds = [" against ".join(say(name) for name in names) for names in repeats(record)]
    return (
        f"Compared: {listed([say(arm) for arm in found], most=30)}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."
    )


def unbroken(record: Record) -> str:
    """Say what supports a claim that has no number: no case against it was found; "" for any other."""
    if record.criteria or record.verdict != Verdict.SUPPORTED or kind_of(record) != Kind.GENERATED:
        return ""
    return "None of the cases that were generated for it contradicts it."
