"""Copy the files of counterexamples along when records go to another folder."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from claims.core.record import Certificate, Record
from fixtures.files.whole_files import write_whole


def carry(records: Iterable[Record], sources: Sequence[Path], target: Path) -> list[str]:
    """Copy the certificates of ``records`` from the first of ``sources`` that has them to ``target``.

    Returns
    -------
    The names that no source has with the recorded hash, or that would leave the folder.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    lost = []
    for certificate in (record.certificate for record in records):
        if certificate is None:
            continue
        content = next((c for folder in sources if (c := _content(folder, certificate)) is not None), None)
        if content is None:
            lost.append(certificate.file)
        elif _content(target, certificate) is None:
            write_whole(target / certificate.file, content)
    return lost


def _content(folder: Path, certificate: Certificate) -> bytes | None:
    """Return the bytes of a certificate, or None when they are not there, not the same, or not inside."""
    name = PurePosixPath(certificate.file)
    if name.is_absolute() or ".." in name.parts or "\0" in certificate.file:
        return None
    try:
        content = (folder / name).read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == certificate.sha256 else None
