"""The verdicts most worth reading, in words: refutations, vacuous truths, surprises, errors."""

from collections.abc import Callable, Iterable

from claims.core.record import Criterion, Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import is_control, place_title
from reports.text.links import reference
from reports.text.markdown import bullets, escape
from reports.text.numbers import claimed, interval
from reports.text.vocabulary import listed

Cells = list[tuple[str, Cell]]
#: Numbers that one sentence tells; the claim's page has all.
TOLD = 4


def findings(board: Board) -> str:
    """Return the list of findings; a sentence says so when there is nothing to tell.

    What is refuted or vacuous on untrained controls alone is no finding: there a claim about training need not hold.
    """
    kinds: list[tuple[Callable[[Cell], bool], Callable[[Board, Record, Cells], str]]] = [
        (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is not None, _certified),
        (lambda c: c.verdict == Verdict.REFUTED and c.primary.certificate is None, _refuted),
        (lambda c: c.verdict == Verdict.VACUOUS, _vacuous),
        (lambda c: c.deviates, _deviating),
        (lambda c: c.verdict == Verdict.ERROR, _failed),
    ]
    sentences = [
        say(board, record, found)
        for applies, say in kinds
        for record in board.claims
        if (found := [(name, cell) for name, cell in board.of_claim(record.claim) if applies(cell)])
        and not (say in (_refuted, _vacuous) and all(is_control(cell.primary) for _, cell in found))
    ]
    sentences += _untrained_too(board)
    return bullets(sentences) if sentences else "No claim was refuted, vacuous, in error or other than expected."


def _untrained_too(board: Board) -> list[str]:
    """Name the claims beyond the linear router's that an untrained control satisfies, with trained ones or alone."""
    too, alone = [], []
    for record in board.claims:
        cells = [c.primary for _, c in board.of_claim(record.claim)]
        supported = {is_control(found) for found in cells if found.verdict == Verdict.SUPPORTED}
        if record.group == "A" or True not in supported:
            continue
        if False in supported:
            too.append(reference(record.claim))
        elif len(cells) > 1:
            alone.append(reference(record.claim))
    return [
        *([f"**Supported on the untrained control too**, so no effect of training: {listed(too)}."] if too else []),
        *([f"**Supported on the untrained control alone**, and on nothing trained: {listed(alone)}."] if alone else []),
    ]


def decisive(criteria: Iterable[Criterion], verdict: Verdict) -> Criterion | None:
    """Return the deciding criterion that tells most: what failed or straddled, else what has an interval."""
    wanted = {Verdict.REFUTED: False, Verdict.INCONCLUSIVE: None}.get(verdict, True)
    deciding = sorted((c for c in criteria if c.decides), key=lambda c: c.low == c.high)
    return next((c for c in deciding if c.holds is wanted), deciding[0] if deciding else None)


def _certified(board: Board, record: Record, found: Cells) -> str:
    names = listed([place_title(name, 80) for name, _ in found])
    certificate = found[0][1].primary.certificate
    says = "" if certificate is None else escape(certificate.says).rstrip(".")
    whose = f" ({place_title(found[0][0], 80)})" if len(found) > 1 else ""
    return f"{reference(record.claim)} is **refuted by a counterexample** on {names}: {says}{whose}."


def _refuted(board: Board, record: Record, found: Cells) -> str:
    return f"{reference(record.claim)} is **refuted**{_share(board, record, found)}: {_numbers(found, null=False)}."


def _vacuous(board: Board, record: Record, found: Cells) -> str:
    share = _share(board, record, found)
    return f"{reference(record.claim)} is **vacuous**{share}, it holds for its null too: {_numbers(found, null=True)}."


def _share(board: Board, record: Record, found: Cells) -> str:
    """Say of how many places a finding speaks, where the claim has several."""
    places = len(board.of_claim(record.claim))
    return f" on {len(found)} of {places}" if places > 1 else ""


def _deviating(board: Board, record: Record, found: Cells) -> str:
    pairs = [
        (name, f"{escape(r.expected)} was expected and {r.verdict} measured{_reading(r)}")
        for name, cell in found
        for r in cell.records
        if r.expected is not None and r.expected != r.verdict
    ]
    return f"{reference(record.claim)} is **not as expected**: {_together(pairs)}."


def _failed(board: Board, record: Record, found: Cells) -> str:
    pairs = [(name, escape(cell.primary.reason).rstrip(".")) for name, cell in found]
    return f"{reference(record.claim)} **could not be computed**: {_together(pairs)}."


def _reading(record: Record) -> str:
    return "" if record.primary else f" (reading: {escape(record.key[2])})"


def _numbers(found: Cells, *, null: bool) -> str:
    """Say the deciding number of every checkpoint, each criterion's name and threshold once."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, cell in found:
        record = cell.primary
        criterion = decisive(record.null if null else record.criteria, record.verdict)
        if criterion is None:
            groups.setdefault("", []).append((name, escape(record.reason).rstrip(".")))
        else:
            head = f"{escape(criterion.name)} (claimed {claimed(criterion)}) is "
            groups.setdefault(head, []).append((name, interval(criterion)))
    return "; ".join(head + _together(pairs) for head, pairs in groups.items())


def _together(pairs: list[tuple[str, str]]) -> str:
    """Join (place, text), naming places that share a text together; beyond `TOLD` texts the places are counted."""
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(text, []).append(place_title(name, 80))
    said = [f"{text} on {listed(names)}" for text, names in texts.items()]
    rest = sum(len(names) for names in list(texts.values())[TOLD:])
    return "; ".join([*said[:TOLD], *([f"and on {rest:,} more"] if rest else [])])
