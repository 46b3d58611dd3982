"""What a record keeps of figures: four digits, and cells in place of points."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claims.core.figure_data import as_drawn, density, rounded
from claims.core.record import Figure, Series

POINTS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), min_size=1, max_size=50)


def test_figures_keep_four_digits_and_their_gaps() -> None:
    series = Series("a", [1.0, 123456.0], [0.123456789, None], [0.1, 0.2], [0.33333333, 1.0])  # type: ignore[list-item]
    inner = Figure("lines", "", "", "x", "y", [series])
    found = as_drawn(Figure("panels", "", "", "", "", [], [series], panels=[inner]))
    for one in (found.reference[0], found.panels[0].series[0]):
        assert (one.x, one.y, one.high) == ([1.0, 123500.0], [0.1235, None], [0.3333, 1.0])
    assert as_drawn(found) == found
    assert rounded([np.pi]) == [3.142]


@given(POINTS)
def test_every_point_is_in_a_cell_near_it(points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    cells = density("pairs", x, y, (10.0, 1.0))
    assert sum(cells.weight) == len(points)
    for across, up in points:
        near = np.abs(np.array(cells.x) - across) <= 0.126
        assert (near & (np.abs(np.array(cells.y) - up) <= 0.0126)).any()
