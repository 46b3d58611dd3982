"""The digest of evidence: of its numbers alone, every bit of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.runner.evidence_digest import LENGTH, content_digest
from fixtures.evidence.store import load, save
from fixtures.evidence.trace import Trace
from fixtures.kinds.token_traces import TEXT
from fixtures.tests.support.random_trace import example


def trace(seed: int = 3) -> Trace:
    return example(seed=seed, sequences=2, length=3, layers=2, experts=4, choices=2)


def test_it_is_short_and_the_same_for_the_same_numbers_made_twice() -> None:
    first, second = content_digest({"trace": trace()}), content_digest({"trace": trace()})
    assert first == second
    assert len(first) == LENGTH
    assert first != content_digest({"trace": trace(4)})


def test_what_was_saved_and_read_again_has_the_digest_of_what_was_captured(tmp_path: Path) -> None:
    save(tmp_path / "text", TEXT, trace())
    assert content_digest({"trace": load(tmp_path / "text", TEXT)}) == content_digest({"trace": trace()})


def test_one_bit_of_one_array_changes_it() -> None:
    whole = trace()
    for name in ("sequence", "position", "token"):
        array = getattr(whole, name).copy()
        array.view(np.uint8).reshape(-1)[-1] ^= 1
        other = object.__new__(Trace)
        other.__dict__.update(whole.__dict__ | {name: array})
        assert content_digest({"trace": other}) != content_digest({"trace": whole}), name


def test_machine_versions_and_the_checkpoint_s_files_are_no_part_of_it() -> None:
    elsewhere = replace(trace(), provenance={"device": "cuda:0", "batch_size": 2}, checkpoint={"name": "./elsewhere"})
    assert content_digest({"trace": elsewhere}) == content_digest({"trace": trace()})


def test_the_order_of_the_pieces_does_not_matter_and_their_names_do() -> None:
    one, two = trace(1), trace(2)
    assert content_digest({"a": one, "b": two}) == content_digest({"b": two, "a": one})
    assert content_digest({"a": one, "b": two}) != content_digest({"a": two, "b": one})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("ab", "c"), ("a", "bc")),
        ((1,), (1.0,)),
        ((True,), (1,)),
        (((), ("a",)), (("a",), ())),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(4, np.int32), np.zeros(2, np.int64)),
        ({"a": None}, {"a": "None"}),
    ],
)
def test_values_that_only_look_alike_have_different_digests(left: object, right: object) -> None:
    assert content_digest({"it": left}) != content_digest({"it": right})


def test_nothing_has_no_digest_and_what_cannot_be_digested_is_refused() -> None:
    assert content_digest({}) == ""
    with pytest.raises(TypeError, match="which has no digest"):
        content_digest({"it": object()})
