"""The verdicts most worth reading first: refutations, vacuous truths, surprises, errors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.places import is_control, place_name
from reports.pages.criteria import decisive
from reports.text.markdown import plain
from reports.text.numbers import claimed, interval
from reports.text.vocabulary import listed

Cells = list[tuple[str, Cell]]
#: Numbers that one sentence tells; the claim's page has all.
TOLD = 4


@dataclass(frozen=True)
class Finding:
    """What is worth telling of one claim: ``where`` it was found, and what it ``says``."""

    kind: str
    claim: str
    where: str
    says: str


def findings(board: Board) -> list[Finding]:
    """Return what is worth reading, kind by kind.

    What is refuted or vacuous on untrained controls alone is no finding: there a claim about training need not hold.
    """
    kinds: dict[str, tuple[Callable[[Cell], bool], Callable[[Cells], str]]] = {
        "certified": (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is not None, _certified),
        "refuted": (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is None, _numbers),
        "vacuous": (lambda c: c.verdict == Verdict.VACUOUS, _numbers),
        "unexpected": (lambda c: c.deviates, _deviating),
        "failed": (lambda c: c.verdict == Verdict.ERROR, _failed),
    }
    told = []
    for kind, (applies, say) in kinds.items():
        for record in board.claims:
            places = board.of_claim(record.claim)
            found = [(name, cell) for name, cell in places if applies(cell)]
            untrained = all(is_control(cell.primary) for _, cell in found)
            if found and not (kind in ("refuted", "vacuous") and untrained):
                share = f"on {len(found)} of {len(places)}" if len(places) > 1 else ""
                where = _names(found) if kind == "certified" else share
                told.append(Finding(kind, record.claim, where, say(found)))
    return told


def on_controls(board: Board) -> tuple[list[str], list[str]]:
    """Return the claims beyond the linear router's that an untrained control satisfies: with trained ones, alone."""
    too, alone = [], []
    for record in board.claims:
        cells = [c.primary for _, c in board.of_claim(record.claim)]
        supported = {is_control(found) for found in cells if found.verdict == Verdict.SUPPORTED}
        if record.group == "A" or True not in supported:
            continue
        if False in supported:
            too.append(record.claim)
        elif len(cells) > 1:
            alone.append(record.claim)
    return too, alone


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
    """Say the deciding number of every checkpoint, a vacuous verdict's of its null; each threshold once."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, cell in found:
        record = cell.primary
        criterion = decisive(record.criteria, record.verdict)
        if criterion is None:
            groups.setdefault("", []).append((name, plain(record.reason).rstrip(".")))
        else:
            head = f"{criterion.name} (claimed {claimed(criterion)}) is "
            groups.setdefault(head, []).append((name, interval(criterion)))
    return "; ".join(head + _together(pairs) for head, pairs in groups.items())


def _together(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    """Join (place, text), naming places that share a text together; beyond `TOLD` texts the places are counted."""
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(text, []).append(place_name(name, 80))
    said = [f"{text} on {listed(names)}" for text, names in texts.items()]
    rest = sum(len(names) for names in list(texts.values())[TOLD:])
    return "; ".join([*said[:TOLD], *([f"and on {rest:,} more"] if rest else [])])
