"""Count how many of the selected claims left a record, and name those that did not."""

from dataclasses import dataclass

from reports.text.vocabulary import plural


@dataclass(frozen=True)
class Completeness:
    """``missing`` are the node ids of selected claim tests that left no record."""

    selected: int
    missing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For example ``recorded 41 of 42 claim tests``."""
        return f"recorded {self.selected - len(self.missing):,} of {plural(self.selected, 'claim test')}"
