"""Records as a table: a row a criterion, for spreadsheets and data frames."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from claims.core.record import Criterion, Record

if TYPE_CHECKING:
    import pandas as pd

#: Facts of a checkpoint and of a run that have a column.
_FACTS = ("architecture", "parameters", "layers", "moe_layers", "experts", "top_k", "revision", "control")
_RUN = ("date", "commit", "seed", "device", "dtype")


def table_of(records: Sequence[Record]) -> "pd.DataFrame":
    """Return a row a criterion, in the order of the records' keys; of a record without any, one row.

    Columns say claim, version, kind, checkpoint, variant, whether it is the primary one, verdict and reason; the
    criterion with role, name, value, ends of its interval, direction, threshold, answer, n, unit, method and p-values;
    then facts of the checkpoint and of the run. What is not known is empty.
    """
    import pandas as pd  # loads slowly, and most commands need none

    ordered = sorted(records, key=lambda record: record.key)
    return pd.DataFrame([row for record in ordered for row in _rows(record)])


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    name, claim, variant = record.key
    about: dict[str, Any] = {
        "claim": claim,
        "version": record.version,
        "kind": record.kind,
        "group": record.group,
        "title": record.title,
        "checkpoint": name,
        "variant": variant,
        "primary": record.primary,
        "verdict": record.verdict.value,
        "reason": record.reason,
    }
    beside = {fact: _plain(record.checkpoint.get(fact)) for fact in _FACTS}
    beside |= {fact: _plain(record.provenance.get(fact)) for fact in _RUN}
    criteria: list[Criterion | None] = [*record.criteria]
    for criterion in criteria or [None]:
        yield about | _criterion(criterion) | beside


def _criterion(criterion: Criterion | None) -> dict[str, Any]:
    fields = ("role", "name", "value", "low", "high", "direction", "threshold", "holds", "n", "unit", "method")
    names = {"name": "criterion"}
    values = {field: getattr(criterion, field, None) for field in (*fields, "p", "p_adjusted")}
    return {names.get(field, field): str(v) if field == "role" and v else v for field, v in values.items()}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
