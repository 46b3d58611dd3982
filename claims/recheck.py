"""Recheck certificates with numpy alone: ``python -m claims.recheck out/records.jsonl``.

Nothing of the suite's measures is used here: each rule below is the arithmetic that a third party would do.
Exit 0 when every certificate holds, 1 when one does not, 2 when something cannot be read.
"""

import argparse
import hashlib
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from claims.core.record import Record, read_records

#: Bytes that one array of a certificate may take; those that the suite writes take a few thousand.
MOST_BYTES = 2**28
_DAMAGED = (KeyError, EOFError, TypeError, AttributeError, MemoryError, zlib.error, zipfile.BadZipFile)

Arrays = Mapping[str, npt.NDArray[np.float64]]


def same_logits(arrays: Arrays) -> tuple[bool, str]:
    """Hold when two states half a norm apart have the same logits, and a norm with these gains returns both.

    What a norm with gains g returns has one length before the gains, ||h / g||; equal logits are equal up to float32
    rounding, and equal lengths to a thousandth.
    """
    weight, hidden, moved, gains = arrays["weight"], arrays["hidden"], arrays["moved"], arrays["gains"]
    apart = float(np.linalg.norm(moved - hidden) / np.linalg.norm(hidden))
    change = float(np.abs(weight @ moved - weight @ hidden).max())
    rounding = 1e-5 * float(np.abs(weight).sum(axis=1).max() * max(np.abs(moved).max(), np.abs(hidden).max()))
    stretch = abs(float(np.linalg.norm(moved / gains) / np.linalg.norm(hidden / gains)) - 1)
    return (
        apart >= 0.5 and change <= rounding and stretch <= 1e-3,
        f"{apart:.4g} norms apart, largest logit change {change:.3g}, length before the gains changed by {stretch:.2g}",
    )


def blind_move(arrays: Arrays) -> tuple[bool, str]:
    """Hold when the move is invisible to W while the recorded outputs of the MoE block differ."""
    weight, hidden, moved = arrays["weight"], arrays["hidden"], arrays["moved"]
    change = float(np.abs(weight @ moved - weight @ hidden).max())
    rounding = 1e-5 * float(np.abs(weight).sum(axis=1).max() * max(np.abs(moved).max(), np.abs(hidden).max()))
    output = float(np.linalg.norm(arrays["moved_output"] - arrays["output"]) / np.linalg.norm(arrays["output"]))
    return (
        change <= rounding and output > 0,
        f"largest logit change {change:.3g}, output changed by {output:.3g}",
    )


def bound_violated(arrays: Arrays) -> tuple[bool, str]:
    """Hold when the two tokens' logits differ by more than ||W||_2 times their hidden distance."""
    far = float(np.linalg.norm(arrays["logits"][0] - arrays["logits"][1]))
    near = float(np.linalg.norm(arrays["hidden"][0] - arrays["hidden"][1]))
    bound = float(np.linalg.norm(arrays["weight"], 2)) * near
    return far > bound, f"logit distance {far:.4g} against a bound of {bound:.4g}"


def not_affine(arrays: Arrays) -> tuple[bool, str]:
    """Hold when the best affine fit of the logits on the hidden states leaves a residual above rounding."""
    hidden, logits = arrays["hidden"], arrays["logits"]
    design = np.hstack([hidden, np.ones((len(hidden), 1))])
    fit = design @ np.linalg.lstsq(design, logits, rcond=None)[0]
    residual = float(np.abs(fit - logits).max() / np.abs(logits).max())
    return residual > 1e-4, f"the best affine map leaves a residual of {residual:.3g}"


CHECKS: dict[str, Callable[[Arrays], tuple[bool, str]]] = {
    "same-logits": same_logits,
    "blind-move": blind_move,
    "bound-violated": bound_violated,
    "not-affine": not_affine,
}


def recheck(record: Record, folder: Path) -> tuple[bool, str]:
    """Recheck one record's certificate.

    Raises
    ------
    ValueError
        When the file is missing, was changed since, or is of an unknown kind.
    """
    certificate = record.certificate
    if certificate is None:
        raise ValueError("the record carries no certificate")
    path = folder / certificate.file
    if folder.resolve() not in path.resolve().parents:
        raise ValueError(f"{certificate.file}: outside the records' folder")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{certificate.file}: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != certificate.sha256:
        raise ValueError(f"{certificate.file}: not the file that the record speaks of (sha256 differs)")
    if certificate.check not in CHECKS:
        raise ValueError(f"{certificate.file}: unknown check {certificate.check!r}")
    try:
        return CHECKS[certificate.check](_arrays(path))
    except (*_DAMAGED, np.linalg.LinAlgError) as error:
        raise ValueError(f"{certificate.file}: damaged ({error})") from error


def _arrays(path: Path) -> Arrays:
    """Read a certificate's arrays; what it says of their sizes is believed only up to ``MOST_BYTES``."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > MOST_BYTES:
                raise ValueError(f"{path.name}: {member.filename} is too large for a certificate")
    with np.load(path, allow_pickle=False) as found:
        return {name: np.asarray(found[name]).astype(np.float64) for name in found.files}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m claims.recheck", description=__doc__)
    parser.add_argument("records", type=Path, help="records.jsonl of a run, with its certificates beside it")
    parser.add_argument("--claim", help="only this claim (default: all)")
    parser.add_argument("--variant", help="only this variant, as the report names it: key=value (default: all)")
    parser.add_argument("--checkpoint", help="only this checkpoint (default: all)")
    chosen = parser.parse_args(argv)
    try:
        records = [
            record
            for record in read_records(chosen.records)
            if record.certificate is not None
            and chosen.claim in (None, record.claim)
            and chosen.variant in (None, record.key[2])
            and chosen.checkpoint in (None, record.checkpoint.get("name"))
        ]
        if not records:
            raise ValueError(f"{chosen.records}: no certificate to recheck")
        answers = [(record, *recheck(record, chosen.records.parent)) for record in records]
    except (ValueError, OSError) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return 2
    for record, holds, said in answers:
        assert record.certificate is not None
        print(f"{'holds' if holds else 'FAILS'}  {'  '.join(record.key)}  {record.certificate.says}: {said}")
    return 0 if all(holds for _, holds, _ in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
