"""A paper of six figures and one statement, to test with; records that belong to it, and parts of its page."""

import re
from dataclasses import replace
from typing import Any

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.tests.support.samples import criterion, record

SMALL = """\
label = "TST"
title = "A small paper"
authors = "Nobody"
source = "nowhere"
note = "Made up."
figures = 6

[models]
"tiny" = 0.1
"wide" = 2

[[figure]]
numbers = [1]
title = "First"
paper = "A line rises."
read = "It rises fast."
models = ["tiny"]
data = "ten words"
scale = "Width matters."

[[figure]]
numbers = [2, 4, 5, 6]
title = "Second"
paper = "Bars."
models = ["tiny", "wide"]

[[figure]]
numbers = [3]
title = "Third"
reconstructed = "Nothing."
unclaimed = "it has no content"

[[statement]]
name = "Prop. 1"
title = "All is well"
paper = "It is."
claims = ["b"]

[[reading]]
claim = "b"
side = "review"
says = "the objection"
"""


def measured(claim: str, checkpoint: str, verdict: Verdict, figure: str = "TST Fig. 1", **more: Any) -> Record:
    """Return a record that belongs to a figure of the small paper."""
    ends = {Verdict.SUPPORTED: (0.6, 0.5, 0.7), Verdict.REFUTED: (0.1, 0.0, 0.15), Verdict.VACUOUS: (0.6, 0.5, 0.7)}
    value = ends.get(verdict, (0.2, 0.1, 0.3))
    facts = {"figures": [figure], "criteria": [criterion("slope", value, "> 0.2")]}
    return replace(record(claim, checkpoint, verdict), **{**facts, **more})


def section(text: str, name: str) -> str:
    """Return the part of a page below one heading."""
    return re.split(r"^#+ ", text.split(f"### {name}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
