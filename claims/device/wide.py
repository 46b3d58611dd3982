"""A random mixture of real width: what each capture costs beside the bare pass, in time and in memory, on a device."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel, Qwen3MoeConfig, Qwen3MoeForCausalLM

from fixtures.capture.experts import capture_experts
from fixtures.capture.residual import capture_residual
from fixtures.capture.sequences import capture_sequences
from fixtures.capture.tokens import capture_trace
from fixtures.discovery.card import read_routers
from fixtures.discovery.site import RouterSite
from fixtures.forward.run import evaluating, pad, run
from fixtures.text.populations import Population
from fixtures.text.random_tokens import random_tokens

BATCH = 8
ROUNDS = 3


class Size(NamedTuple):
    """Width D, experts E, choices k, an expert's own width m, and the text: sequences and tokens of each."""

    width: int
    experts: int
    top_k: int
    inner: int
    sequences: int
    length: int


REAL = Size(2048, 128, 8, 768, 32, 1024)
TINY = Size(64, 8, 2, 32, 8, 24)


class Wide(NamedTuple):
    """A model of two layers, its routers, and text for it."""

    model: PreTrainedModel
    cards: list[RouterSite]
    text: Population


@dataclass(frozen=True)
class Cost:
    """What one way of reading takes: seconds, times those of the bare pass, and peak bytes beyond the model's."""

    way: str
    seconds: float
    times_bare: float
    peak_bytes: int | None


def wide(size: Size, device: str, kind: torch.dtype) -> Wide:
    """Build the model on the device."""
    config: Any = Qwen3MoeConfig
    experts = {"num_experts": size.experts, "num_experts_per_tok": size.top_k, "moe_intermediate_size": size.inner}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": max(8, size.width // 16)}
    torch.manual_seed(0)
    plain: Any = Qwen3MoeForCausalLM(
        config(vocab_size=8192, hidden_size=size.width, num_hidden_layers=2, mlp_only_layers=[], **experts, **heads)
    )
    model: PreTrainedModel = plain.to(kind).eval().requires_grad_(requires_grad=False).to(device)
    return Wide(model, read_routers(model), random_tokens((size.length,) * size.sequences, 8000))


def costs(found: Wide, device: str) -> Iterator[Cost]:
    """Time the bare pass and every capture in turn, ``ROUNDS`` times; the median counts."""
    ways = _ways(found, device)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, int | None] = {}
    ways["bare"]()  # what is built on first use is built
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with _peak(device, peaks, name):
                start = time.perf_counter()
                way()
                _finish(device)
                taken[name].append(time.perf_counter() - start)
    bare = float(np.median(taken["bare"]))
    for name, each in taken.items():
        yield Cost(name, float(np.median(each)), float(np.median(each)) / bare, peaks[name])


def _ways(found: Wide, device: str) -> dict[str, Callable[[], object]]:
    model, cards, text = found
    same: dict[str, Any] = {"batch_size": BATCH, "seed": 0, "sample_tokens": 2048}

    def bare() -> None:
        with evaluating(model):
            for first in range(0, len(text.sequences), BATCH):
                run(model, *pad(text.sequences[first : first + BATCH], torch.device(device)))

    return {
        "bare": bare,
        "trace": lambda: capture_trace(model, cards, text, **same),
        "trace with spectra": lambda: capture_trace(model, cards, text, spectra=True, **same),
        "sequences": lambda: capture_sequences(model, cards, text, batch_size=BATCH),
        "residual": lambda: capture_residual(model, cards, text, **same),
        "experts": lambda: capture_experts(model, cards, text, kept=128, **same),
    }


@contextmanager
def _peak(device: str, peaks: dict[str, int | None], name: str) -> Iterator[None]:
    """Note the most bytes that a device held beyond what it held before; None where that is not told."""
    if not device.startswith("cuda"):
        peaks[name] = None
        yield
        return
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    yield
    peaks[name] = max(peaks.get(name) or 0, torch.cuda.max_memory_allocated(device) - before)


def _finish(device: str) -> None:
    """Wait until the device has done its work."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()
