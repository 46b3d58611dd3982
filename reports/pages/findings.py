"""The verdicts most worth reading first: refutations, what falls short, vacuous truths, surprises, errors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from claims.core.record import Criterion, Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.places import place_name
from reports.pages.criteria import telling
from reports.text.markdown import SENTENCE, plain
from reports.text.numbers import claimed, interval
from reports.text.vocabulary import listed

Cells = list[tuple[str, Cell]]
#: Numbers that one sentence tells; the claim's page has all.
TOLD = 4


@dataclass(frozen=True)
class Finding:
    """What is worth telling of one claim: ``where`` it was found, and what it ``says``.

    ``means`` is what a refutation means for whoever trains, prunes or serves the model, and ``check`` what to check
    there, in the claim's own words; "" of what is not refuted, and where the records do not carry them.
    """

    kind: str
    claim: str
    where: str
    says: str
    means: str = ""
    check: str = ""


def findings(board: Board) -> list[Finding]:
    """Return what is worth reading, kind by kind; theorems and untrained controls are no part of it."""
    kinds: dict[str, tuple[Callable[[Cell], bool], Callable[[Cells], str]]] = {
        "certified": (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is not None, _certified),
        "refuted": (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is None, _numbers),
        "partly": (lambda c: c.verdict == Verdict.PARTLY, _numbers),
        "vacuous": (lambda c: c.verdict == Verdict.VACUOUS, _numbers),
        "unexpected": (lambda c: c.deviates, _deviating),
        "failed": (lambda c: c.verdict == Verdict.ERROR, _failed),
    }
    told = []
    for kind, (applies, say) in kinds.items():
        for record in board.claims:
            places = [(name, cell) for name, cell in board.of_claim(record.claim) if cell.counted]
            found = [(name, cell) for name, cell in places if applies(cell)]
            if found:
                share = f"on {len(found)} of {len(places)}" if len(places) > 1 else ""
                where = _names(found) if kind == "certified" else share
                advice = _advice(found[0][1].primary) if kind in ("certified", "refuted") else ("", "")
                told.append(Finding(kind, record.claim, where, say(found), *advice))
    return told


def _advice(record: Record) -> tuple[str, str]:
    return plain(record.means, SENTENCE), plain(record.check, SENTENCE)


def _names(found: Cells) -> str:
    return listed([place_name(name, 80) for name, _ in found])


def _certified(found: Cells) -> str:
    certificate = found[0][1].primary.certificate
    says = "" if certificate is None else plain(certificate.says).rstrip(".")
    return says + (f" ({place_name(found[0][0], 80)})" if len(found) > 1 else "")


def _deviating(found: Cells) -> str:
    return _together(
        (name, f"{r.expected} was expected and {r.verdict} measured{_variant(r)}")
        for name, cell in found
        for r in cell.records
        if r.expected is not None and r.expected != r.verdict
    )


def _failed(found: Cells) -> str:
    return _together((name, plain(cell.primary.reason).rstrip(".")) for name, cell in found)


def _variant(record: Record) -> str:
    return "" if record.primary else f" (variant: {variant_name(record)})"


def _numbers(found: Cells) -> str:
    """Say on every checkpoint the numbers that made the verdict; each criterion and threshold once."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, cell in found:
        criteria = telling(cell.primary)
        for criterion in criteria:
            groups.setdefault(_head(criterion), []).append((name, interval(criterion)))
        if not criteria:
            groups.setdefault("", []).append((name, plain(cell.primary.reason).rstrip(".")))
    return "; ".join(head + _together(pairs) for head, pairs in groups.items())


def _head(criterion: Criterion) -> str:
    return f"{criterion.name} (claimed {claimed(criterion)}) is "


def _together(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    """Join (place, text), naming places that share a text together; beyond `TOLD` texts the places are counted."""
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(text, []).append(place_name(name, 80))
    said = [f"{text} on {listed(names)}" for text, names in texts.items()]
    rest = sum(len(names) for names in list(texts.values())[TOLD:])
    return "; ".join([*said[:TOLD], *([f"and on {rest:,} more"] if rest else [])])
