"""Commands that make what people link to: a model card, a badge, a hub's metadata, a table."""

import argparse
import re
import sys
from pathlib import Path

from fixtures.files.whole_files import write_whole
from reports.data.board import board
from reports.data.read import BadInput, load
from reports.outputs.badge import badge
from reports.outputs.hub import eval_results, model_index
from reports.outputs.table import table_of
from reports.pages.card import card
from reports.text.templates import fill

#: A dataset of a model hub: its owner and its name.
_DATASET = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def write_card(options: argparse.Namespace) -> int:
    """Write or print the card of a checkpoint, as Markdown or HTML."""
    told = card(board(load(options.records)), options.checkpoint)
    _give(fill("card.html" if options.html else "card.md.j2", card=told), options.output)
    return 0


def write_badge(options: argparse.Namespace) -> int:
    """Write or print the badge of a checkpoint, as SVG."""
    _give(badge(board(load(options.records)), options.checkpoint), options.output)
    return 0


def write_hub(options: argparse.Namespace) -> int:
    """Write the metadata of a checkpoint into a folder; print which files."""
    if options.benchmark and not _DATASET.fullmatch(options.benchmark):
        raise BadInput(f"--benchmark is a dataset of a hub, OWNER/NAME, not {options.benchmark}")
    run = board(load(options.records))
    files = {"model-index.yaml": model_index(run, options.checkpoint)}
    if options.benchmark:
        files[".eval_results/moe-claims.yaml"] = eval_results(run, options.checkpoint, options.benchmark)
    for name, text in files.items():
        write_whole(options.output / name, text)
        print(options.output / name)
    return 0


def write_table(options: argparse.Namespace) -> int:
    """Write or print the records as CSV."""
    _give(table_of(load(options.records)).to_csv(index=False, lineterminator="\n"), options.output)
    return 0


def _give(text: str, file: Path | None) -> None:
    if file is None:
        sys.stdout.write(text)
    else:
        write_whole(file, text)
        print(file)
