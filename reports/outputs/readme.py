"""Write what the README shows of a report: its tables, one figure, and what the records say of it.

    python -m reports.outputs.readme docs/sample README.md

writes it between the two marks of the README. Only this repository's own sample has a place for it.
"""

import sys
from pathlib import Path

from claims.core.record import Record, read_records
from reports.text.files import write_whole
from reports.text.markdown import Markdown
from reports.text.templates import fill

BEGIN, END = "<!-- sample:begin -->\n", "<!-- sample:end -->"
#: The claim that the sample leads with, and the checkpoint that it is told of.
LEAD, TOLD_OF = "cross-model-overlap", "olmoe-aux"


def sample_block(sample: Path, at: str) -> str:
    """Return the part of the README between its marks.

    Parameters
    ----------
    sample : folder of a report, with its records
    at : how the README links to that folder

    Raises
    ------
    ValueError
        When the report or the records lack what is shown.
    """
    lines = (sample / "report.md").read_text(encoding="utf-8").splitlines()
    matrix, experiments, trained = (
        _table(lines, heading) for heading in ("claims by checkpoints", "controlled experiments", "synthetic data")
    )
    trained = [row for row in trained if not row.startswith("| [identity-")]
    shown = "\n".join((*matrix, *experiments, *trained))
    links = [line.replace(": details/", f": {at}/details/") for line in lines if "]: details/" in line]
    told = _told(read_records(sample / "records.jsonl"))
    return fill(
        "readme.md.j2",
        at=Markdown(at),
        places=matrix[0].count("|") - 2,
        matrix=Markdown("\n".join(matrix)),
        experiments=Markdown("\n".join(experiments)),
        trained=Markdown("\n".join(trained)),
        lead=LEAD,
        on=TOLD_OF,
        overlap=told.paper.split(" (")[0],
        authors=told.notes[0].split(";")[0],
        notes=told.notes[1:4],
        links=Markdown("\n".join(line for line in links if line.split(":")[0] in shown)),
    )


def _table(lines: list[str], heading: str) -> list[str]:
    """Return the first table below the heading that has these words, its rows as they are."""
    headings = [place for place, line in enumerate(lines) if line.startswith("## ") and heading in line.lower()]
    start = next(iter(headings), None)
    if start is None:
        raise ValueError(f"the report has no part {heading!r}")
    first = next(place for place, line in enumerate(lines) if place > start and line.startswith("|"))
    last = next(place for place, line in enumerate(lines) if place > first and not line.startswith("|"))
    return lines[first:last]


def _told(records: list[Record]) -> Record:
    """Return the record of the leading claim: what it measured, by chance, and of unrelated rollouts."""
    for record in records:
        if record.claim == LEAD and record.primary and record.checkpoint.get("name") == TOLD_OF:
            return record
    raise ValueError(f"the records hold no {LEAD} of {TOLD_OF}")


def main(arguments: list[str]) -> None:
    """Write the block of a sample into a README."""
    sample, readme = map(Path, arguments)
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{readme} has no place for the sample: {BEGIN.strip()} and {END}.")
    write_whole(readme, f"{before}{BEGIN}{sample_block(sample, sample.as_posix())}{END}{after}")


if __name__ == "__main__":
    main(sys.argv[1:])
