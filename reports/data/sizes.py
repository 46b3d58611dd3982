"""Say how large a checkpoint is, in the few words that stand beside its name."""

from collections.abc import Mapping
from typing import Any

from reports.data.board import Board
from reports.data.places import ROUTING_ALONE
from reports.text.markdown import plain
from reports.text.vocabulary import plural

_SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "K"))


def sizes(board: Board, name: str) -> str:
    """Return what the records of a place know of its size; "" where they know nothing, and of an experiment.

    Facts that one record lacks, such as one of a claim that could not be asked, come from the others of the place.
    """
    facts: dict[str, Any] = {}
    for _, cell in board.of_place(name):
        facts = {**cell.primary.checkpoint, **facts}
    return in_words(facts)


def in_words(facts: Mapping[str, Any]) -> str:
    """Return parameters, layers, experts and top-k of a checkpoint, as far as its facts have them.

    Examples
    --------
    >>> in_words({"parameters": 6_919_161_856, "layers": 16, "moe_layers": 16, "experts": 64, "top_k": 8})
    '6.92 B parameters, 16 layers, top-8 of 64 experts'
    >>> in_words({"layers": 27, "moe_layers": 26}), in_words({"moe_layers": 3, "evidence": "routing alone"})
    ('27 layers (26 MoE)', '3 MoE layers captured')
    """
    parameters, layers, moe = (_whole(facts.get(key)) for key in ("parameters", "layers", "moe_layers"))
    experts, chosen = facts.get("experts"), facts.get("top_k")
    said = [f"{_scaled(parameters)} parameters"] if parameters else []
    if layers:
        said.append(plural(layers, "layer") + (f" ({moe} MoE)" if moe and moe != layers else ""))
    elif moe:
        captured = " captured" if facts.get("evidence") == ROUTING_ALONE else ""
        said.append(plural(moe, "MoE layer") + captured)
    if experts and chosen:
        said.append(f"top-{plain(chosen, 20)} of {plain(experts, 20)} experts")
    elif experts:
        said.append(f"{plain(experts, 20)} experts")
    return ", ".join(said)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _scaled(count: int) -> str:
    scale, sign = next(((scale, sign) for scale, sign in _SCALES if count >= scale), (1.0, ""))
    return f"{count / scale:.3g} {sign}".rstrip()
