"""What the README shows of a report: its tables, one figure, and what the records say of it.

    python -m reports.outputs.readme docs/sample README.md

writes it between the two marks of the README. Only this repository's own sample has a place for it.
"""

import sys
from pathlib import Path

from claims.core.record import Record, read_records
from reports.text.files import write_whole

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
    report = (sample / "report.md").read_text(encoding="utf-8")
    matrix, experiments, trained = (
        _table(report, heading)
        for heading in ("## Claims by checkpoints", "## Controlled experiments", "## Identities, synthetic data")
    )
    trained = [row for row in trained if not row.startswith("| [identity-")]
    places = matrix[0].count("|") - 2
    shown = "\n".join((*matrix, *experiments, *trained))
    links = [
        f"{line.replace(': details/', f': {at}/details/')}" for line in _links(report) if line.split(":")[0] in shown
    ]
    return "\n".join(
        (
            f"What it says of the {places} checkpoints in this repository ([the whole report]({at}/report.md);",
            f"[GEO figure by figure]({at}/papers/geo.md), [ASY and PRB claim by claim]({at}/papers/asy.md)).",
            "**Supported**: the numbers and their intervals agree. **Vacuous**: so does the null. **†**: another",
            "reading of the definition decides otherwise. `olmoe-init` is the untrained control.",
            "",
            *matrix,
            "",
            "Causal claims are tested on pairs that differ in one thing, others on generated data:",
            "",
            "<details><summary>Controlled pairs, and routers and MLP mixtures trained in the run</summary>",
            "",
            *experiments,
            "",
            *trained,
            "",
            "</details>",
            "",
            f"![What two rollouts share, by layer, after GEO Fig. 6]({at}/figures/{LEAD}.png)",
            "",
            *_lead(read_records(sample / "records.jsonl")),
            "",
            *links,
            "",
        )
    )


def _table(report: str, heading: str) -> list[str]:
    """Return the first table below a heading, its rows as they are."""
    lines = report.splitlines()
    start = next((place for place, line in enumerate(lines) if line.startswith(heading)), None)
    if start is None:
        raise ValueError(f"the report has no part {heading!r}")
    first = next(place for place, line in enumerate(lines) if place > start and line.startswith("|"))
    last = next(place for place, line in enumerate(lines) if place > first and not line.startswith("|"))
    return lines[first:last]


def _links(report: str) -> list[str]:
    return [line for line in report.splitlines() if line.startswith("[") and "]: details/" in line]


def _lead(records: list[Record]) -> list[str]:
    """Tell the leading claim in the words of its record: measured, by chance, and of unrelated rollouts."""
    found = next(
        (r for r in records if r.claim == LEAD and r.primary and r.checkpoint.get("name") == TOLD_OF),
        None,
    )
    if found is None:
        raise ValueError(f"the records hold no {LEAD} of {TOLD_OF}")
    whose, *told = found.notes
    paper, authors = found.paper.split(" (")[0], whose.split(";")[0]
    return [
        f"The paper has different models share {paper}. Here, on `{TOLD_OF}`",
        f"({authors}; the authors are one base and its post-trained variants):",
        "",
        *(f"- {sentence}" for sentence in told[:3]),
    ]


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
