"""A record: one line of records.jsonl, everything a report needs about one verdict. JSON only.

The same inputs and seed give the same bytes, but for ``seconds`` and ``provenance``. A number that is not
finite becomes null, and the record's ``reason`` says why. ``docs/schema/records.schema.json`` says to programs what a
record holds.
"""

import json
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from claims.core.migration import migrated
from claims.core.verdict import DECIDING, Role, Verdict
from fixtures.files.packed import as_stored, opened
from fixtures.files.whole_files import write_whole
from fixtures.messages.checked import checked

SCHEMA: Final = 2
Kind = Literal["finding", "theorem", "identity"]
#: Key of a record in ``report.user_properties`` of pytest.
PROPERTY = "claim-record"
if TYPE_CHECKING:
    Number = float
    Fact = Any
else:  # in a file: null for a number that is not finite, and none so large that it would overflow what draws it
    _WHOLE = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    Number = _WHOLE | Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)] | None
    Fact = Number | bool | str | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class Criterion:
    """One measured quantity against its threshold.

    ``holds`` is True (whole interval on the claimed side), False (wholly on the other) or None (it straddles, or the
    units are too few trainings). ``low`` and ``high`` end where the quantity does. ``p`` is one-sided, for the claimed
    side; None for exact counts, jackknives and Student's t. ``p_adjusted`` is that of the claim on its checkpoint, the
    largest of its headline and excess, Holm over the run; None where one of them has none, and for other variants than
    the primary one. ``role`` says what it is to the claim.
    """

    name: str
    value: Number | None
    low: Number | None
    high: Number | None
    threshold: Number | None
    direction: str
    n: int
    unit: str
    method: str
    p: Number | None = None
    p_adjusted: Number | None = None
    holds: bool | None = None
    role: Role = Role.HEADLINE

    @property
    def decides(self) -> bool:
        """Whether it can change the verdict."""
        return self.role in DECIDING


@dataclass(frozen=True)
class LayerCurve:
    """A quantity by layer: ``layers`` are the model's layer numbers; ``low``/``high`` may be empty."""

    name: str
    layers: list[int]
    value: list[Number | None]
    low: list[Number | None] = field(default_factory=list)
    high: list[Number | None] = field(default_factory=list)
    threshold: Number | None = None


@dataclass(frozen=True)
class Series:
    """One series of a figure; ``low``/``high`` lie around y, ``weight`` counts what a point stands for; or empty."""

    label: str
    x: list[Number]
    y: list[Number]
    low: list[Number] = field(default_factory=list)
    high: list[Number] = field(default_factory=list)
    weight: list[Number] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """A figure as data, so that a report can be drawn from records alone.

    ``kind``: ``scatter`` (points), ``density`` (centres of equal cells, ``weight`` units in each), ``lines`` (curves),
    ``bars`` (x are positions with ``ticks`` as labels), ``dots`` (the same, points with intervals), ``ecdf`` (x sorted
    values, y cumulative share), ``heat`` (a matrix: one series a row from the top, x its column numbers, y the values,
    of which a missing one is hatched; the range of colours is symmetric around 0, so leave a diagonal of ones out;
    bands, guides, ticks and logarithms have no meaning there, and ``title`` names the quantity) or ``panels``
    (``panels`` are figures side by side, ``columns`` in a row, all in one where it is 0). ``reference`` are dashed
    guides: series of two points each. ``redraws`` names the paper's figure, for example ``GEO Fig. 13``. ``spread``
    says what lies around a value: its 95 % ``interval``, one standard ``deviation`` of the units, or their ``range``.
    ``units`` says of how many, ``16 sequences``, and ``note`` what else a reader must know, in whole sentences.
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
    spread: Literal["interval", "deviation", "range"] = "interval"
    units: str = ""
    note: str = ""
    panels: list["Figure"] = field(default_factory=list)
    columns: int = 0


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
    numbers: dict[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """The verdict of one claim, in one variant, on one checkpoint.

    ``kind`` is "finding" (counted among the verdicts), "theorem" (true by algebra, or a premise of the measurement:
    checked, shown apart, never counted) or "identity" (a theorem on generated cases). ``group`` and ``number`` are
    the place in the catalogue, ``figures`` paper figure labels such as ``GEO Fig. 13``, ``definition`` paper, read or
    reconstructed, and what was reconstructed, ``thresholds`` {name: {value, why}}, ``null_says`` what the null is.
    ``primary`` is False for a variant that is reported beside the primary one, ``expected`` the verdict that the
    expectations file foresees, or None (of several the measured one, else all of them in words). ``sensitivity`` are
    sentences that say at which thresholds the verdict would change, ``notes`` are sentences for the reader. ``means``
    says what it means for whoever trains, prunes or serves the model that the claim does not hold, ``check`` what to
    check there; ``version`` is the claim's. Records of before these fields have "" and 1. ``evidence`` is the digest of
    all that the verdict was computed from, "" where nothing was captured for it (algebra, what a run trains itself, a
    checkpoint that could not give it); None, unknown, in records of before.
    """

    schema: Literal[2]
    claim: str
    kind: Kind
    group: str
    number: int
    title: str
    source: str
    figures: list[str]
    statement: str
    equation: str
    definition: str
    checkpoint: dict[str, Fact]
    variant: dict[str, str]
    primary: bool
    verdict: Verdict
    reason: str
    criteria: list[Criterion]
    sensitivity: list[str]
    null_says: str
    thresholds: dict[str, dict[str, Fact]]
    layers: list[LayerCurve]
    paper: str
    figure: Figure | None
    certificate: Certificate | None
    notes: list[str]
    expected: str | None
    seconds: Number
    provenance: dict[str, Fact]
    means: str = ""
    check: str = ""
    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    more_figures: list[Figure] = field(default_factory=list)
    evidence: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{16})?$")] | None = None

    @property
    def drawn(self) -> list[Figure]:
        """Every figure, that of the claim first."""
        return [*([self.figure] if self.figure else []), *self.more_figures]

    @property
    def counted(self) -> bool:
        """Whether the verdict is one of those that sums, badges and the adjustment count: empirical, of a training."""
        return self.kind == "finding" and not self.checkpoint.get("control")

    @property
    def key(self) -> tuple[str, str, str]:
        """(checkpoint name, claim, variant): unique within a run."""
        variant = ", ".join(f"{k}={v}" for k, v in self.variant.items())
        return str(self.checkpoint.get("name", "")), self.claim, variant


#: What a line leaves out of a figure where it is so, and what it keeps of a series in any case.
_DEFAULTS: Final[dict[str, Any]] = {
    one.name: [] if one.default is MISSING else one.default
    for one in fields(Figure)
    if (one.default, one.default_factory) != (MISSING, MISSING)
}
_ALWAYS: Final = ("label", "x", "y")


def to_json(record: Record) -> str:
    """Return the record as one line of strict JSON; keys in field order, non-finite numbers as null.

    What a figure does not have is left out: its numbers are a good part of a record.
    """
    found = json.loads(msgspec.json.encode(record, enc_hook=float))  # of the numbers of numpy
    found["figure"] = found["figure"] and _sparse(found["figure"])
    more = [_sparse(figure) for figure in found.pop("more_figures")]
    return json.dumps(found | ({"more_figures": more} if more else {}), ensure_ascii=False, separators=(",", ":"))


def _sparse(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure without what is empty and has a default, in its series and panels too."""
    kept = {name: value for name, value in figure.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    kept["series"] = [
        {name: value for name, value in one.items() if value or name in _ALWAYS} for one in kept["series"]
    ]
    if "panels" in kept:
        kept["panels"] = [_sparse(panel) for panel in kept["panels"]]
    return kept


def from_json(line: str, where: str = "a record") -> Record:
    """Read one line written by `to_json`.

    Parameters
    ----------
    line : of a records.jsonl, of this schema or of one that `migrated` knows
    where : what a refusal begins with

    Raises
    ------
    ValueError
        One sentence that names the field, when the line is not a record of a schema that this version reads.
    """
    try:
        data = msgspec.json.decode(line)
    except RecursionError as error:
        raise ValueError(f"{where} is nested too deeply to be a record") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"{where} is not JSON in UTF-8 ({error})") from error
    data = migrated(data)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"{where} is not a record of schema 1 to {SCHEMA}")
    return checked(data, Record, where)


def read_records(path: Path) -> list[Record]:
    """Read a records.jsonl file, or one that gzip has packed: under any name, or beside it under its name and ``.gz``.

    Raises
    ------
    ValueError
        With the file and the line number, when a line is not a record.
    OSError
        When the file cannot be read.
    """
    with opened(as_stored(path)) as file:
        lines = file.read().decode("utf-8").split("\n")
    return [from_json(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1) if line.strip()]


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records.jsonl, whole or not at all; raises OSError when it cannot be written."""
    write_whole(path, lines_of(records))


def lines_of(records: Iterable[Record]) -> str:
    """Return the text of records.jsonl: a line a record, sorted by key."""
    return "".join(f"{to_json(record)}\n" for record in sorted(records, key=lambda record: record.key))
