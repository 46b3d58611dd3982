"""Ways to damage what a user gives: saved evidence, tokenizers, rollouts, certificates."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from claims.core.record import Certificate, write_records
from claims.core.verdict import Verdict
from fixtures.evidence.store import save
from fixtures.kinds.token_traces import TEXT
from fixtures.tests.support.random_trace import example
from reports.tests.support.samples import record

Edit = Callable[[Path], object]


def write(name: str, content: bytes) -> Edit:
    """Write a file."""
    return lambda folder: (folder / name).write_bytes(content)


def sparse(name: str, size: int) -> Edit:
    """Give a file a size that nobody should read; it takes no room on the disk."""

    def edit(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.truncate(size)

    return edit


def pipe(name: str) -> Edit:
    """Put a pipe in a file's place: reading it would wait for ever."""

    def edit(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return edit


def link(name: str, target: str) -> Edit:
    """Put a link in a file's place."""

    def edit(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return edit


def inside(name: str, *edits: Edit) -> Edit:
    """Make edits in a folder of the folder."""

    def edit(folder: Path) -> None:
        (folder / name).mkdir(exist_ok=True)
        for each in edits:
            each(folder / name)

    return edit


def traced(*edits: Edit) -> Edit:
    """Save evidence in ``saved`` and edit its trace ``text``."""

    def edit(folder: Path) -> None:
        save(folder / "saved" / "text", TEXT, example())
        for each in edits:
            each(folder / "saved" / "text")

    return edit


def certified(arrays: bytes, file: str = "a.npz") -> Edit:
    """Write records with one certificate, whose SHA-256 fits."""

    def edit(folder: Path) -> None:
        digest = hashlib.sha256(arrays).hexdigest()
        (folder / "a.npz").write_bytes(arrays)
        proof = Certificate(file, digest, "same-logits", "says")
        write_records(folder / "records.jsonl", [record("kernel-energy", "a", Verdict.SUPPORTED, certificate=proof)])

    return edit


def zipped(name: str, content: bytes) -> bytes:
    """Return a zip file that unpacks to ``content``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def pickled_array() -> bytes:
    """Return an array that holds an object, which only unpickling can read."""
    content = io.BytesIO()
    np.save(content, np.array([{}], dtype=object), allow_pickle=True)
    return zipped("weight.npy", content.getvalue())
