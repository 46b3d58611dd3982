"""The pages that are kept as golden text: the report, a comparison, a history and a small paper's page."""

from dataclasses import replace
from pathlib import Path

from claims.core.multiplicity import adjust
from claims.core.record import Record, write_records
from claims.core.verdict import Role, Verdict
from reports.data.board import board
from reports.data.runs import Run
from reports.outputs.compare import compare
from reports.outputs.history import write_history
from reports.outputs.markdown_report import render
from reports.papers.page import paper_page
from reports.papers.paper import Page
from reports.papers.paper_file import load_paper
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import experiment, others
from reports.tests.support.samples import criterion, record, run
from reports.tests.support.small_paper import SMALL, measured

#: Those of the pages that are compared, from the folder that `write` fills.
PAGES = (
    "report.md",
    "details/bound-tightness.md",
    "details/balance-controlled.md",
    "papers/asy.md",
    "compare.md",
    "history.md",
    "small.md",
)

SLOPE = criterion("slope", (0.6, 0.5, 0.7), "> 0.2")
#: Claims that the history follows.
FOLLOWED = ("balance-suppression", "bound-tightness", "dense-similarity", "kernel-energy")


def write(folder: Path) -> Path:
    """Write every page of the samples into a folder and return the report."""
    whole = adjust([*run(), *others(), *functions()])
    write_records(folder / "records.jsonl", whole)
    (folder / "compare.md").write_text(compare(whole, later()).markdown, encoding="utf-8")
    followed = [[r for r in records if r.claim in FOLLOWED] for records in (whole[:9], whole, later())]
    write_history([Run(f"night {i}", None, tuple(records)) for i, records in enumerate(followed)], folder)
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    small = paper_page(Page((load_paper(folder / "small.toml"),)), board(of_small_paper()), {}, "report.md")
    (folder / "small.md").write_text(small, encoding="utf-8")
    return render(whole, folder)


def later() -> list[Record]:
    """Return the sample run of another night: verdicts, a variant, a margin, thresholds and texts are others."""
    found = []
    for r in adjust([*run(), *others(), *functions()]):
        place, variant = r.key[0], r.key[2]
        if (r.claim, place) == ("kernel-energy", "zoo/balanced"):
            found.append(replace(r, verdict=Verdict.SUPPORTED))
        elif r.claim == "bound-tightness":
            moved = r.thresholds | {"gain": {"value": 1.2, "why": "stricter"}}
            found.append(replace(r, thresholds=moved, definition="read", provenance=r.provenance | {"dtype": "half"}))
        elif (variant, place) == ("tokens=single", "zoo/unbalanced"):
            found.append(replace(r, verdict=Verdict.SUPPORTED))
        elif (r.claim, place) == ("dense-similarity", "zoo/dense"):
            found.append(replace(r, criteria=[criterion("Spearman(layer, energy)", (0.41, 0.31, 0.52), ">= 0.3")]))
        elif (r.claim, place) == ("kernel-counterexample", "zoo/balanced"):
            found.append(replace(r, verdict=Verdict.REFUTED))
        elif r.claim not in ("balance-suppression", "sufficiency-bound"):
            found.append(r)
    return [*found, record("kernel-depth", "zoo/balanced", Verdict.ERROR, reason="no weights | _x_")]


def of_small_paper() -> list[Record]:
    """Return records of the small paper: every kind of outcome, place and assertion once."""
    vacuous = measured(
        "vacuous",
        "x",
        Verdict.VACUOUS,
        criteria=[SLOPE, criterion("slope minus shuffled", (0.01, -0.02, 0.04), "> 0.1", role=Role.EXCESS)],
    )
    init = measured("a", "init", Verdict.REFUTED, null_says="None: planted cases.")
    return [
        *(measured("a", name, Verdict.SUPPORTED, null_says="A random router; judged alike.") for name in ("x", "y")),
        replace(init, checkpoint=init.checkpoint | {"control": True}),
        experiment("a", "loss", Verdict.SUPPORTED, figures=["TST Fig. 1"]),
        measured("c", "zoo/balanced", Verdict.REFUTED),
        measured("c", "zoo/unbalanced", Verdict.PARTLY),
        measured("e", "x", Verdict.SUPPORTED, kind="theorem"),
        vacuous,
        replace(vacuous, variant={"part": "second"}, primary=False, verdict=Verdict.SUPPORTED),
        *(measured(f"of-{n}", "x", Verdict.INCONCLUSIVE, f"TST Fig. {n}") for n in (2, 5, 6)),
        measured("b", "x", Verdict.SUPPORTED, "none"),
        measured("d", "x", Verdict.REFUTED, "TST Prop. 1", null_says="None: planted cases."),
        record("other", "z", Verdict.SUPPORTED),
    ]
