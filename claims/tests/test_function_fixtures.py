"""Experts as functions, whether the model lies in memory or is read from disk as it runs."""

import gc
import weakref
from dataclasses import asdict, replace

import numpy as np

from claims.function_fixtures import Functions, _study_functions
from claims.function_trace import FunctionTrace
from fixtures.checkpoints import resolve
from fixtures.expert_weights import read_experts
from fixtures.gated_experts import GatedExperts
from fixtures.running import Running
from fixtures.tests.test_running import SETTINGS


def studied(device_map: str | None) -> FunctionTrace:
    running = Running(resolve("olmoe-aux"), replace(SETTINGS, device_map=device_map))
    return _study_functions(running.at_hand(running.experts()))


def test_a_model_read_from_disk_has_the_functions_of_one_in_memory() -> None:
    (whole,), (disk,) = studied(None).layers, studied("disk").layers
    assert not whole.note
    np.testing.assert_equal(asdict(disk), asdict(whole))


def test_functions_are_made_when_asked_for_and_not_kept() -> None:
    running = Running(resolve("olmoe-aux"), SETTINGS)
    card = running.routers[-1]
    layer = card.site.layer
    read: dict[int, GatedExperts | str] = {
        layer: read_experts(running.loaded.model, [card], seed=0)[0],
        99: "no module holds its experts",
    }
    functions = Functions(read)
    assert (list(functions), len(functions), functions[99]) == ([layer, 99], 2, "no module holds its experts")
    gone = weakref.ref(functions[layer])
    gc.collect()
    assert gone() is None
