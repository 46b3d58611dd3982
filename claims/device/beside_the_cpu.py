"""Run the claims on embedded checkpoints, on a device and on the CPU, and say where verdicts and numbers differ."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claims.core.record import Record, read_records

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINTS = ("small-gptoss-bias-s0", "olmoe-aux")
_SMALL = 1e-3  # headline values below it are compared as if they were as large


@dataclass(frozen=True)
class Beside:
    """One checkpoint on the device beside the CPU.

    Attributes
    ----------
    checkpoint : its name
    records : how many records both have
    changed : claims whose verdict differs, and how
    furthest : largest difference of a headline value, relative to the CPU's, and the claim that it is of
    failed : why there is nothing to compare, "" where there is
    """

    checkpoint: str
    records: int = 0
    changed: tuple[str, ...] = ()
    furthest: tuple[float, str] = (0.0, "")
    failed: str = ""


def beside_the_cpu(device: str, folder: Path, seconds: float) -> list[Beside]:
    """Run the quick profile of the last layer on every checkpoint, all at once, and compare.

    Parameters
    ----------
    folder : where records and logs go
    seconds : after which what still runs is ended
    """
    runs = {
        (name, place): _started(name, place, folder / f"{name}-{place.partition(':')[0]}-{kind}")
        for name in CHECKPOINTS
        for kind, place in (("here", "cpu"), ("there", device))
    }
    for run in runs.values():
        try:
            run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
    return [
        compared(name, folder / f"{name}-cpu-here", folder / f"{name}-{device.partition(':')[0]}-there")
        for name in CHECKPOINTS
    ]


def _started(name: str, device: str, folder: Path) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    asked = ["-m", "gpu", "--checkpoint", name, "--profile", "quick", "--layers", "last", "--dtype", "float32"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "claims", *asked, "--device", device]
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen([*command, "--report-dir", str(folder)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)


def compared(name: str, here: Path, there: Path) -> Beside:
    """Put the records of two runs beside each other."""
    try:
        one, other = (_by_claim(read_records(folder / "records.jsonl")) for folder in (here, there))
    except (OSError, ValueError):
        return Beside(name, failed=f"one of the runs left no records; see {here / 'log.txt'} and {there / 'log.txt'}")
    both = sorted(one.keys() & other.keys())
    changed = [
        f"{key}: {one[key].verdict.value} on the CPU, {other[key].verdict.value} on the device"
        for key in both
        if one[key].verdict != other[key].verdict
    ]
    changed += [f"{key}: on one of them alone" for key in sorted(one.keys() ^ other.keys())]
    far = [(_apart(one[key], other[key]), key) for key in both]
    return Beside(name, len(both), tuple(changed), max(far, default=(0.0, "")))


def _by_claim(records: Sequence[Record]) -> dict[str, Record]:
    return {" ".join([each.claim, *(f"{k}={v}" for k, v in sorted(each.variant.items()))]): each for each in records}


def _apart(one: Record, other: Record) -> float:
    """Largest difference of a criterion's value, relative to the first."""
    values = {each.name: each.value for each in one.criteria}
    pairs = [(values.get(each.name), each.value) for each in other.criteria]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return max((abs(a - b) / max(abs(a), _SMALL) for a, b in known), default=0.0)
