"""Write certificates: a counterexample's arrays as an npz that numpy alone can read, byte-stable."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from claims.core.finding import Counterexample
from claims.core.record import Certificate
from fixtures.files.whole_files import write_whole

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_certificate(folder: Path, stem: str, found: Counterexample) -> Certificate:
    """Write ``folder/certificates/stem.npz`` (temporary name, then rename) and return what a record says of it.

    The archive carries no time, so that the same counterexample gives the same bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(found.arrays):
            array = io.BytesIO()
            np.lib.format.write_array(array, np.asanyarray(found.arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, array.getvalue())
    target = folder / "certificates" / f"{stem}.npz"
    write_whole(target, buffer.getvalue())
    return Certificate(
        file=f"certificates/{target.name}",
        sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
        check=found.check,
        says=found.says,
        numbers=dict(found.numbers),
    )
