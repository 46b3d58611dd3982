"""Verdicts and their numbers as lines of JSON, without what only draws or explains: what a table of results needs."""

import json
from collections.abc import Iterable

import msgspec

from claims.core.record import Record

FIELDS = ("claim", "version", "title", "kind", "group", "primary", "verdict", "reason", "criteria")


def verdict_lines(records: Iterable[Record]) -> str:
    """Return one line a record, claim by claim: `FIELDS`, the checkpoint's name and revision, and the variant in words.

    A number that is not finite is null.
    """
    ordered = sorted(records, key=lambda r: (r.claim, r.key))
    return "".join(json.dumps(_line(record), ensure_ascii=False) + "\n" for record in ordered)


def _line(record: Record) -> dict[str, object]:
    name, _, variant = record.key
    place = {"checkpoint": name, "revision": str(record.checkpoint.get("revision") or ""), "variant": variant}
    told = {field: getattr(record, field) for field in FIELDS}
    found: dict[str, object] = json.loads(msgspec.json.encode(place | told, enc_hook=float))
    return found
