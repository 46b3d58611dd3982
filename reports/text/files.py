"""Write files whole or not at all."""

import os
from pathlib import Path

from fixtures.files.whole_files import told_as


def write_whole(path: Path, content: str | bytes) -> None:
    """Write to a temporary name beside ``path``, then rename: a reader never meets half a file.

    Raises
    ------
    OSError
        When it cannot be written, with its name; the temporary file is removed and an older ``path`` left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    with told_as(path):
        try:
            temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def writable(folder: Path) -> str:
    """Return why no file can be written into ``folder`` (which need not exist yet), or "" when one can."""
    for place in (folder, *folder.parents):
        if place.exists() or place.is_symlink():
            if not place.is_dir():
                return f"{place} is not a folder"
            return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written to"
    return "its root does not exist"
