"""Run each command of the command line; the options are declared in `reports.__main__`."""

import argparse
import math
import sys
from pathlib import Path

from claims.core.record import Record, lines_of
from fixtures.files.whole_files import write_whole
from fixtures.messages.checked import json_schema
from reports.data.board import board
from reports.data.certificates import carry
from reports.data.merge import merge, unlike
from reports.data.read import BadInput, load
from reports.data.runs import read_runs
from reports.outputs.compare import compare
from reports.pages.claim import RECORDS
from reports.pages.matrix import tables
from reports.pages.summary import paragraph
from reports.text.slugs import slug
from reports.text.vocabulary import listed


def render_report(options: argparse.Namespace) -> int:
    """Write the report; print where it is."""
    from reports.outputs.markdown_report import render  # drawing libraries load slowly, and three commands draw nothing

    records = load(options.records)
    target = options.output or _beside(options.records)
    is_file = target.suffix.lower() == ".md" and not target.is_dir()
    folder, name = (target.parent, target.name) if is_file else (target, "report.md")
    print(render(records, folder, name=name))
    return 0


def print_matrix(options: argparse.Namespace) -> int:
    """Print the summary and the matrix, without links."""
    run = board(load(options.records))
    parts = [paragraph(run), *(part for title, content in tables(run, slug) for part in (f"## {title}", content))]
    sys.stdout.write("\n\n".join(parts) + "\n")
    return 0


def compare_runs(options: argparse.Namespace) -> int:
    """Print what changed, a sentence that says it in short last; return 1 when anything that matters did."""
    if not 0 <= options.margin < math.inf:
        raise BadInput("--margin is a share of an interval's width, a number that is not negative")
    found = compare(load(options.old), load(options.new), options.margin)
    sys.stdout.write(f"{found.markdown}\n{found.short}\n")
    return int(found.changed)


def merge_shards(options: argparse.Namespace) -> int:
    """Write or print the records of all shards."""
    shards = [load(path) for path in options.shards]
    records = merge(shards)
    text = lines_of(records)
    facts = unlike(shards)
    if facts:
        _note(f"the shards are not of one run: they differ in {listed(facts)}")
    if options.output is None:
        sys.stdout.write(text)
        return 0
    for lost in carry(records, [_beside(path) for path in options.shards], options.output.parent):
        _note(f"the certificate {lost} is in no shard's folder as recorded, and was not copied")
    write_whole(options.output, text)
    return 0


def print_schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of what is named."""
    print(json_schema(f"A line of {options.of}.jsonl", Record), end="")
    return 0


def write_runs(options: argparse.Namespace) -> int:
    """Write the history; print where it is, and last what changed between the latest two runs."""
    from reports.outputs.history import short, write_history

    runs = read_runs(options.runs, options.label or ())
    print(write_history(runs, options.output))
    print(short(runs))
    return 0


def write_page(options: argparse.Namespace) -> int:
    """Write the page to browse; print where it is."""
    from reports.outputs.html_page import page

    records = load(options.records)
    runs = read_runs(options.history or (), options.label or ())
    target = options.output or _beside(options.records) / "report.html"
    name = options.records.name if options.records.is_file() else RECORDS
    beside = name if target.resolve().parent == _beside(options.records).resolve() else ""
    write_whole(target, page(records, runs, beside))
    print(target)
    return 0


def _beside(records: Path) -> Path:
    return records if records.is_dir() else records.parent


def _note(sentence: str) -> None:
    print(f"reports: note: {sentence}", file=sys.stderr)
