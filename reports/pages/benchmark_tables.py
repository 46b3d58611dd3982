"""Tables of what benchmarks measured: medians of rounds, with quartiles where there are several."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from metrics.arrays import FloatArray
from reports.data.benchmarks import Result
from reports.text.markdown import Markdown, table
from reports.text.numbers import ABSENT, number

#: Ways of reading beside the bare pass, in the columns' order, and what the columns are called.
WAYS = {
    "recorded": "transformers' own records",
    "nnsight": "nnsight, raw tensors",
    "capture": "capture",
    "spectra": "capture with spectra",
    "experts": "capture of experts",
}
#: Ways of a capture whose growth is shown.
GROWING = ("capture", "spectra", "experts")
#: What a capture may cost at most, times the bare pass, at so many tokens in this type.
GOALS, GOAL_TOKENS, GOAL_TYPE = {"spectra": 1.05, "experts": 1.5}, 8192, "bfloat16"
#: The point that growth starts from, and what grows.
START = {"experts": 128, "inner": 768, "layers": 1, "tokens": 2048, "dtype": "bfloat16"}
AXES = ("experts", "layers", "tokens")
MIB = 2**20


def times(results: Iterable[Result]) -> Markdown:
    """Seconds of the bare pass, and of every other way in times of it."""
    head = ["experts", "width", "layers", "type", "tokens", "bare, s", *WAYS.values(), "rounds"]
    rows = []
    for each in results:
        f, bare = each.figures, _seconds(each, "bare")
        cells = [_quartiles(_seconds(each, way) / bare) if way in f["seconds"] else ABSENT for way in WAYS]
        rows.append([*_model(f), number(float(np.median(bare))), *cells, str(len(bare))])
    return table(head, rows)


def _model(figures: dict[str, Any]) -> list[str]:
    return [f"{figures[name]:,}" for name in ("experts", "inner", "layers")] + [
        figures["dtype"],
        f"{figures['tokens']:,}",
    ]


def goals(results: Iterable[Result]) -> list[str]:
    """Say of each goal, at each point that it is set for, whether it is met."""
    said = []
    for each in results:
        f = each.figures
        if (f["tokens"], f["dtype"], f["layers"]) != (GOAL_TOKENS, GOAL_TYPE, 1):
            continue
        for way, most in GOALS.items():
            found = float(np.median(_seconds(each, way) / _seconds(each, "bare")))
            met = "met" if found <= most else "not met"
            said.append(f"{WAYS[way]}, {f['experts']} experts: {found:.2f}, at most {most} was the goal: {met}")
    return said


def growth(results: Iterable[Result], axis: str) -> Markdown:
    """What each capture takes beyond the bare pass, while one thing grows and all else is as at the start."""
    rows = []
    for each in sorted(results, key=lambda each: each.figures[axis]):
        if any(each.figures[name] != value for name, value in START.items() if name != axis):
            continue
        bare = _seconds(each, "bare")
        beyond = [_quartiles(_seconds(each, way) - bare) for way in GROWING]
        rows.append([f"{each.figures[axis]:,}", number(float(np.median(bare))), *beyond])
    return table([axis, "bare, s", *(f"{WAYS[way]}: more, s" for way in GROWING)], rows)


def likelihoods(results: Iterable[Result]) -> Markdown:
    """What the likelihoods of the text add to a capture."""
    head = ["experts", "width", "layers", "type", "tokens", "ids", "bare, s", "more, s", "more, in bare passes"]
    rows = []
    for each in results:
        bare, more = _seconds(each, "bare"), _seconds(each, "fit") - _seconds(each, "capture")
        ids = f"{each.figures['vocabulary']:,}"
        rows.append([*_model(each.figures), ids, number(float(np.median(bare))), _quartiles(more)])
        rows[-1].append(_quartiles(more / bare))
    return table(head, rows)


def shared_prompts(results: Iterable[Result]) -> Markdown:
    """Seconds of reading rollouts once a prompt, and once a rollout."""
    head = ["experts", "width", "layers", "type", "tokens", "of a prompt", "its answers", "of an answer"]
    ways = ("once a rollout", "once a prompt")
    rows = []
    for each in results:
        times = [_seconds(each, way) for way in ways]
        sizes = [f"{each.figures[name]:,}" for name in ("prompt", "answers", "answer")]
        seconds = [number(float(np.median(took))) for took in times]
        rows.append([*_model(each.figures), *sizes, *seconds, _quartiles(times[1] / times[0])])
    return table([*head, *(f"{way}, s" for way in ways), "ratio"], rows)


def stages(results: Iterable[Result]) -> Markdown:
    """Seconds of each stage of a layer, and of all."""
    rows = []
    for each in results:
        took = {**each.figures["seconds"], "all": sum(each.figures["seconds"].values())}
        rows += [[*_model(each.figures), what, number(seconds)] for what, seconds in took.items()]
    return table(["experts", "width", "layers", "type", "tokens", "stage", "s"], rows)


def memory(results: Iterable[Result]) -> Markdown:
    """Peak memory of the bare pass and beyond it, and its growth."""
    head = [
        "experts",
        "type",
        "way",
        "tokens",
        "bare pass, MiB",
        "beyond it, MiB",
        "growth, B a token",
        "documented",
    ]
    rows = []
    for each in results:
        f = each.figures
        tokens = (f["tokens"], f["more_tokens"])
        growth = (f["beyond"][1] - f["beyond"][0]) / (tokens[1] - tokens[0])
        for place, count in enumerate(tokens):
            sizes = [f"{f[what][place] / MIB:,.0f}" for what in ("bare", "beyond")]
            grown = [f"{growth:,.0f}", f"{f['documented']:,}"] if place else [ABSENT, ABSENT]
            rows.append([f"{f['experts']}", f["dtype"], WAYS[f["way"]], f"{count:,}", *sizes, *grown])
    return table(head, rows)


def jacobians(results: Iterable[Result]) -> Markdown:
    """Alignment of experts, exact and by automatic differentiation."""
    head = [
        "width",
        "width of an expert",
        "experts",
        "tokens",
        "exact, s",
        "by jacrev, s",
        "times",
        "difference",
    ]
    rows = []
    for each in results:
        f = each.figures
        times, error = f"{f['jacrev'] / f['exact']:,.0f}", f"{f['difference']:.0e}"
        sizes = [f"{f[name]:,}" for name in ("width", "inner", "experts", "tokens")]
        rows.append([*sizes, number(f["exact"]), number(f["jacrev"]), times, error])
    return table(head, rows)


def took(results: Iterable[Result]) -> Markdown:
    """Seconds and memory of several things, one after another in each result."""
    rows = [
        [f"{each.figures['million_rows']:g}", what, number(took["seconds"]), f"{took['peak'] / MIB:,.0f}"]
        for each in results
        for what, took in each.figures["took"].items()
    ]
    return table(["million rows", "what", "s", "peak, MiB"], rows)


def _seconds(result: Result, way: str) -> FloatArray:
    return np.asarray(result.figures["seconds"][way])


def _quartiles(values: FloatArray) -> Markdown:
    """Median and quartiles; of one round its value."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return Markdown(f"{middle:.2f}" if len(values) == 1 else f"{middle:.2f} [{low:.2f}, {high:.2f}]")
