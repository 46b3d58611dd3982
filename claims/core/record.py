"""A record: one line of records.jsonl, everything a report needs about one verdict. JSON only.

The same inputs and seed give the same bytes, but for ``seconds`` and ``provenance``. A number that is not
finite becomes null, and the record's ``reason`` says why.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from claims.core.verdict import Verdict

SCHEMA = 1
#: Key of a record in ``report.user_properties`` of pytest.
PROPERTY = "claim-record"


@dataclass(frozen=True)
class Criterion:
    """One measured quantity against its threshold.

    ``holds`` is True (whole interval on the claimed side), False (wholly on the other) or None (straddles).
    ``p`` is one-sided, for the claimed side; None for exact counts. ``p_adjusted`` is that of the claim on its
    checkpoint, the largest of its deciding criteria, Holm over the run; None for other readings than the primary
    one. ``decides`` is False for a number that is reported beside the deciding ones.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    threshold: float | None
    direction: str
    n: int
    unit: str
    method: str
    p: float | None = None
    p_adjusted: float | None = None
    holds: bool | None = None
    decides: bool = True


@dataclass(frozen=True)
class LayerCurve:
    """A quantity by layer: ``layers`` are the model's layer numbers; ``low``/``high`` may be empty."""

    name: str
    layers: list[int]
    value: list[float | None]
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    threshold: float | None = None


@dataclass(frozen=True)
class Series:
    """One series of a figure; ``low``/``high`` is a band around y, empty for none."""

    label: str
    x: list[float]
    y: list[float]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """A figure as data, so that a report can be drawn from records alone.

    ``kind``: ``scatter`` (points), ``lines`` (curves, with bands), ``bars`` (x are positions with
    ``ticks`` as labels), ``ecdf`` (x sorted values, y cumulative share) or ``heat`` (a matrix: one series a row
    from the top, x its column numbers, y the values, of which a missing one is hatched; the range of colours is
    symmetric around 0, so leave a diagonal of ones out; bands, guides, ticks and logarithms have no meaning there,
    and ``title`` names the quantity). ``reference`` are dashed guides: series of two points each. ``redraws`` names
    the paper's figure, for example ``GEO Fig. 13``.
    """

    kind: str
    title: str
    redraws: str
    x_label: str
    y_label: str
    series: list[Series]
    reference: list[Series] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)
    x_log: bool = False
    y_log: bool = False


@dataclass(frozen=True)
class Certificate:
    """A counterexample a third party can recheck: arrays in ``file`` (npz, beside the records).

    ``check`` names the rechecking rule (``python -m claims.recheck``), ``says`` is the sentence that the
    arrays prove, ``sha256`` is the file's.
    """

    file: str
    sha256: str
    check: str
    says: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """The verdict of one claim, in one fork, on one checkpoint.

    Fields beyond DESIGN.md's schema: ``group`` and ``number`` (place in the catalogue), ``title``, ``figures`` (paper
    figure labels such as ``GEO Fig. 13``), ``definition`` (paper, read or reconstructed, and what was
    reconstructed), ``thresholds`` ({name: {value, why}}), ``null_says`` (what the null is), ``primary``
    (False for a fork that is reported beside the primary one), ``expected`` (verdict that the
    expectations file foresees, or None; of several the measured one, else all of them in words), ``figure``,
    ``notes`` (sentences for the reader).
    """

    schema: int
    claim: str
    group: str
    number: int
    title: str
    source: str
    figures: list[str]
    statement: str
    equation: str
    definition: str
    checkpoint: dict[str, Any]
    fork: dict[str, str]
    primary: bool
    verdict: Verdict
    reason: str
    criteria: list[Criterion]
    null: list[Criterion]
    null_says: str
    thresholds: dict[str, dict[str, Any]]
    layers: list[LayerCurve]
    paper: str
    figure: Figure | None
    certificate: Certificate | None
    notes: list[str]
    expected: str | None
    seconds: float
    provenance: dict[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        """(checkpoint name, claim, fork): unique within a run."""
        fork = ", ".join(f"{k}={v}" for k, v in self.fork.items())
        return str(self.checkpoint.get("name", "")), self.claim, fork


def to_json(record: Record) -> str:
    """Return the record as one line of strict JSON; keys in field order, non-finite numbers as null."""
    return json.dumps(_finite(asdict(record)), ensure_ascii=False, allow_nan=False)


def from_json(line: str) -> Record:
    """Read one line written by `to_json`.

    Raises
    ------
    ValueError
        When the line is not a record of a schema that this version reads.
    """
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"not a record of schema {SCHEMA}")
    missing = [f.name for f in fields(Record) if f.name not in data]
    if missing:
        raise ValueError(f"a record without {', '.join(missing)}")
    try:
        return _build(data)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"a damaged record: {error}") from error


def read_records(path: Path) -> list[Record]:
    """Read a records.jsonl file.

    Raises
    ------
    ValueError
        With the file and the line number, when a line is not a record.
    OSError
        When the file cannot be read.
    """
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                records.append(from_json(line))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
    return records


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records.jsonl sorted by key, to a temporary name first, then rename."""
    partial = path.with_suffix(path.suffix + ".partial")
    lines = [to_json(record) + "\n" for record in sorted(records, key=lambda r: r.key)]
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)


def _build(data: dict[str, Any]) -> Record:
    figure = data["figure"]
    if figure is not None:
        figure = Figure(
            **{k: v for k, v in figure.items() if k not in ("series", "reference")},
            series=[Series(**s) for s in figure["series"]],
            reference=[Series(**s) for s in figure["reference"]],
        )
    built = {
        "verdict": Verdict(data["verdict"]),
        "criteria": [Criterion(**c) for c in data["criteria"]],
        "null": [Criterion(**c) for c in data["null"]],
        "layers": [LayerCurve(**c) for c in data["layers"]],
        "figure": figure,
        "certificate": Certificate(**data["certificate"]) if data["certificate"] else None,
    }
    known = {f.name for f in fields(Record)}
    return Record(**{**{k: v for k, v in data.items() if k in known}, **built})


def _finite(value: object) -> object:
    """Replace non-finite floats by None, all the way down."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
