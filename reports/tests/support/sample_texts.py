"""What the sample claims say."""

from typing import Any


def texts(claim: str) -> dict[str, Any]:
    """Return the fixed fields of a sample claim; any other name gets a claim of its own."""
    return TEXTS.get(claim) or {**TEXTS["kernel-energy"], "group": "F", "title": claim}


def _texts(group: str, title: str, figure: str, statement: str, equation: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "finding",
        "group": group,
        "title": title,
        "source": "GEO (arXiv 2604.09780v1)",
        "figures": [figure],
        "statement": statement,
        "equation": equation,
        "definition": "read",
        "null_says": "A random router of the same shape.",
        "thresholds": {"margin": {"value": 0.02, "why": "two points of share: below it nothing is seen"}},
        "paper": "no number printed",
        **more,
    }


TEXTS: dict[str, dict[str, Any]] = {
    "necessity-full-space": _texts(
        "A",
        "Similar expert usage needs similar hidden states",
        "GEO Fig. 1",
        "Tokens that use the same experts have similar hidden states, in the full space.",
        "z(h') = z(h)  =>  ||h' - h|| small",
        kind="theorem",
        definition="paper",
        null_says="",
        thresholds={},
    ),
    "bound-tightness": _texts(
        "A",
        "The data-aware bound is tighter than the naive one",
        "GEO Fig. 13",
        "Using where the data lie, the bound on logit distances comes closer to the actual distances.",
        "naive: ||W||_2 ||dh||\nwhitened: ||W C^(1/2)||_2 ||C^(-1/2) dh||",
        definition="reconstructed: the projector is not defined in the sources; two variants are measured",
        thresholds={
            "gain": {"value": 1.1, "why": "a tenth tighter: less is no reason for another bound"},
            "stated": {"value": 1.5, "why": "half as tight again"},
            "beyond": {"value": 0.05, "why": "half of what the gain itself must be"},
        },
    ),
    "kernel-energy": _texts(
        "A",
        "Routers look where the data is",
        "GEO Prop. 1",
        "The hidden states carry less energy inside the router's kernel than chance.",
        "sum ||Pi_ker h||^2 / sum ||h||^2 < (D - rank W) / D - 0.02",
        paper="not reported",
    ),
    "kernel-counterexample": _texts(
        "A",
        "Moves inside the router's kernel change the output, never the routing",
        "GEO Prop. 1",
        "Moving a token inside ker(W) leaves its experts as they are while the block's output changes.",
        "h' = h + s ||h|| u, W u = 0",
        kind="theorem",
    ),
    "balance-suppression": _texts(
        "B",
        "Load balancing makes the router ignore the shared direction",
        "GEO Fig. 2",
        "In a checkpoint trained with the loss the router hardly sees the mean state; without it, it does.",
        "rho = ||Pi_e W mu|| / (||Pi_e W||_F ||mu|| / sqrt(d))",
        thresholds={
            "rho": {"value": 0.8, "why": "a fifth below a random router's"},
            "stated": {"value": 0.5, "why": "half of a random router's"},
        },
        means="The router responds to the shared direction as a random one does: its balance comes from elsewhere.",
        check="Each expert's load on text of your own.",
    ),
    "balance-controlled": _texts(
        "B",
        "The balancing loss lowers the response to the shared direction",
        "GEO Prop. 2",
        "Of checkpoints trained alike but for the loss, the one with it responds less to the mean state.",
        "ln rho(with) - ln rho(without) <= -0.2, over trainings",
        null_says="Two seeds of one arm.",
        thresholds={"fall": {"value": -0.2, "why": "a fifth less response"}},
    ),
    "dense-similarity": _texts(
        "B",
        "Dense models too grow more alike with depth",
        "GEO Fig. 12",
        "At the MLP inputs of a dense model, a sequence's tokens grow more alike with depth.",
        "Spearman(layer, energy) >= 0.3",
        null_says="The layers in orders drawn at random: no trend.",
        thresholds={},
    ),
    "sequence-similarity": _texts(
        "C",
        "Similar sequences use similar experts",
        "GEO Fig. 5",
        "Sequences with similar pooled hidden states use similar experts.",
        "Spearman(cos(mean h, mean h'), cos(f, f')) >= 0.5",
    ),
    "sufficiency-bound": _texts(
        "A",
        "Near hidden states give near logits",
        "GEO Prop. 1",
        "The naive Lipschitz bound holds for every generated router.",
        "||z - z'|| <= ||W||_2 ||h - h'||",
        kind="identity",
        thresholds={},
    ),
}
