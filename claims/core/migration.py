"""Bring a record of an earlier schema to this one, so that old runs can be read and compared."""

from typing import Any, Final

#: Fact of provenance: the schema that a record was made in, where that is an earlier one.
MADE_AS: Final = "record_schema"


def migrated(data: Any) -> Any:
    """Return a decoded record of schema 1 as one of schema 2; anything else as it is.

    Schema 1 had no roles: a criterion decided or did not, the null was judged by criteria of its own, which stand here
    as controls, and a variant was called a fork. It did not tell theorems from findings, but for the identities.
    ``provenance`` says that the record was made without roles.
    """
    if not isinstance(data, dict) or data.get("schema") != 1:
        return data
    record = dict(data)
    if "fork" in record:
        record["variant"] = record.pop("fork")
    criteria = [_with_role(one, "headline") for one in _listed(record, "criteria")]
    record["criteria"] = criteria + [_with_role(one, "control") for one in _listed(record, "null")]
    record.pop("null", None)
    if isinstance(record.get("provenance"), dict):
        record["provenance"] = record["provenance"] | {MADE_AS: 1}
    kind = "identity" if str(record.get("claim")).startswith("identity-") else "finding"
    return record | {"schema": 2, "kind": kind, "sensitivity": []}


def _listed(record: dict[str, Any], key: str) -> list[Any]:
    found = record.get(key, [])
    return found if isinstance(found, list) else [found]


def _with_role(criterion: Any, deciding: str) -> Any:
    if not isinstance(criterion, dict):
        return criterion
    decides = criterion.get("decides", True)
    kept = {name: value for name, value in criterion.items() if name != "decides"}
    return kept | {"role": deciding if decides else "reported"}
