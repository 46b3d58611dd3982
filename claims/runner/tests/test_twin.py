"""What a twin's evidence says of itself, and that it stays one object, of which claims remember what they computed."""

from dataclasses import dataclass, field, replace
from typing import Any

from claims.runner.twin import Null
from claims.shared.once import Once
from fixtures.evidence.kind import Kind
from metrics.stats.sampling import Sampling


@dataclass(frozen=True)
class Told:
    """Evidence that says of which checkpoint it is."""

    checkpoint: dict[str, Any] = field(default_factory=lambda: {"name": "c"})


class Folder:
    """What reads every kind from disk whenever it is asked."""

    def read(self, kind: Kind[Any]) -> Any:
        return kind.type()


TOLD = Kind("told", Told, __name__, Told)


def test_a_twin_says_that_it_is_a_null_and_nothing_else() -> None:
    assert Null(Folder()).read(TOLD) == Told({"name": "c", "control": True})
    assert Null(Folder()).read(Kind("list", list, __name__, list)) == []


def test_of_a_checkpoint_and_its_twin_asked_in_turns_each_is_computed_once() -> None:
    asked: list[Told] = []
    once: Once[Told, None] = Once(lambda evidence, _: asked.append(evidence))
    checkpoint, twin = Told(), Null(Folder())
    for _ in range(3):
        once(checkpoint, Sampling(0))
        once(twin.read(TOLD), Sampling(0))
    assert len(asked) == 2


def test_what_is_too_large_for_memory_is_read_again() -> None:
    twin, kind = Null(Folder()), replace(TOLD, in_memory=False)
    assert twin.read(kind) is not twin.read(kind)
