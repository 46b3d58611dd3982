"""Make names that are safe as anchors and as file names, whatever they were."""

import hashlib
import re


def slug(text: str, longest: int = 60) -> str:
    """Return ``text`` as lower-case letters, digits and single hyphens; unchanged when it already is that.

    Anything else is reduced to it and carries a short hash of the original, so that two names never share
    a slug, and no name leaves its folder.

    Examples
    --------
    >>> slug("kernel-energy")
    'kernel-energy'
    >>> slug("../etc/passwd")
    'etc-passwd-7fef78'
    """
    if len(text) <= longest and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        return text
    stem = "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:longest].strip("-") or "unnamed"
    return f"{stem}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
