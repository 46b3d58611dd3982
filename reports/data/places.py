"""Tell what a record was measured on: a Mixture-of-Experts checkpoint, a dense model, an experiment, cases."""

from enum import StrEnum

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.text.markdown import plain
from reports.text.vocabulary import CONTROL, GENERATED, SYMBOL


class Kind(StrEnum):
    """Kinds of places, in the order in which a report shows them."""

    MOE = "moe"
    DENSE = "dense"
    EXPERIMENT = "experiment"
    GENERATED = "generated"


#: What ``checkpoint.kind`` may say; a record without it is of a Mixture-of-Experts checkpoint.
RECORDED = (Kind.MOE, Kind.DENSE, Kind.EXPERIMENT)
#: What ``checkpoint.evidence`` says of routing that was captured elsewhere.
ROUTING_ALONE = "routing alone"
#: A word for one place of a kind, and the title of many.
NOUN = {Kind.MOE: "checkpoint", Kind.DENSE: "dense model", Kind.EXPERIMENT: "controlled experiment"}


def kind_of(record: Record) -> Kind:
    """Return the kind of place that a record speaks of."""
    if record.key[0] == GENERATED:
        return Kind.GENERATED
    said = record.checkpoint.get("kind")
    return Kind(said) if said in RECORDED else Kind.MOE


def arms(record: Record) -> list[str]:
    """Return what an experiment compares, in the order in which the claim speaks of it."""
    return _names(record.checkpoint.get("arms"))


def repeats(record: Record) -> list[list[str]]:
    """Return the checkpoints of an experiment: for each seed, one name an arm."""
    seeds = record.checkpoint.get("checkpoints")
    return [_names(names) for names in seeds] if isinstance(seeds, list) else []


def compared(record: Record) -> str:
    """Return what an experiment compares, ``with loss / without``; "" for what is no experiment."""
    return " / ".join(plain(arm, 60) for arm in arms(record))


def place_name(name: str, limit: int = 120) -> str:
    """Return the name of a place as a heading, a cell or a sentence says it."""
    return "generated cases" if name == GENERATED else plain(name, limit)


def is_control(record: Record) -> bool:
    """Tell whether a record is of a model that no step has trained."""
    return bool(record.checkpoint.get("control"))


def is_null(record: Record) -> bool:
    """Tell whether a record is a null's numbers: a finding, measured on an untrained control."""
    gave = record.verdict not in (Verdict.NOT_APPLICABLE, Verdict.ERROR)
    return record.kind == "finding" and is_control(record) and gave


def needs_more(record: Record) -> bool:
    """Tell whether a claim could not be asked, since of this checkpoint there is routing alone."""
    return record.checkpoint.get("evidence") == ROUTING_ALONE and record.verdict == Verdict.NOT_APPLICABLE


def word(record: Record) -> str:
    """Return the verdict of a record, or what stands in its place for an untrained control."""
    return CONTROL if is_null(record) else record.verdict.value


def standing(record: Record) -> str:
    """Return what `word` says behind the symbol of the verdict, ``✓ supported``."""
    return CONTROL if is_null(record) else f"{SYMBOL[record.verdict]} {record.verdict}"


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
