"""Heat maps: matrices as colours that keep their sign, for any number of experts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.core.record import Series, from_json, to_json
from claims.core.verdict import Verdict
from reports.figures.heat import COLOURS, bounds, heat, matrix, signed
from reports.figures.style import canvas
from reports.tests.support import sample_figures
from reports.tests.support.pictures import picture
from reports.tests.support.sample_functions import cosines
from reports.tests.support.samples import record

#: Least difference of lightness from one eighth of the colours to the next, on the scale from 0 to 100.
SEEN = 5.0


def lightness(colour: Sequence[float]) -> float:
    """Return L* of a colour, 0 black to 100 white."""
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    y = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_rows_and_columns_meet_by_number_and_gaps_stay_gaps() -> None:
    rows = [Series("a", [2.0, 0.0], [1.0, None]), Series("b", [1.0], [-np.inf]), Series("c", [], [])]  # type: ignore[list-item]
    columns, values = matrix(replace(cosines(2), series=rows))
    assert columns.tolist() == [0.0, 1.0, 2.0]
    np.testing.assert_array_equal(values, [[np.nan, np.nan, 1.0], [np.nan] * 3, [np.nan] * 3])


@pytest.mark.parametrize("x", [[0.0, None], [0.0, float("nan")], [1.0, 1.0]])
def test_a_column_without_a_number_or_twice_is_refused(tmp_path: Path, x: list[float]) -> None:
    with pytest.raises(ValueError, match="row 'a' has a column without a number, or one twice"):
        picture(tmp_path, replace(cosines(2), series=[Series("a", x, [0.1, 0.2])]))


def test_panels_share_a_range_unless_far_apart() -> None:
    near, far, empty = cosines(8), cosines(8, size=0.01), replace(cosines(2), series=[])
    largest = max(v for s in near.series for v in s.y if v == v)
    assert bounds([near, cosines(8, size=0.2), empty]) == [largest] * 3
    assert bounds([near, far, empty])[0] == largest
    assert bounds([near, far, empty])[1:] == [pytest.approx(largest / 30, rel=0.02), 1.0]
    assert bounds([empty]) == [1.0]


@pytest.mark.parametrize("panels", [1, 2, 7])
@pytest.mark.parametrize("experts", [1, 2, 16, 64])
def test_any_number_of_experts_and_panels_is_drawn(tmp_path: Path, experts: int, panels: int) -> None:
    drawn = picture(tmp_path, *(cosines(experts, seed=i) for i in range(panels)))
    assert drawn.size[0] == 1200


def test_nothing_to_show_is_drawn(tmp_path: Path) -> None:
    gaps = replace(cosines(2), series=[Series("a", [0.0, 1.0], [None, None])])  # type: ignore[list-item]
    picture(tmp_path, replace(cosines(2), series=[]), gaps, cosines(4))


def test_opposite_values_have_opposite_colours_around_grey(tmp_path: Path) -> None:
    row = Series("a", [0.0, 1.0, 2.0, 3.0], [-1.0, 0.0, 1.0, None])  # type: ignore[list-item]
    found = picture(tmp_path, replace(cosines(2), title="", series=[row])).getcolors(1 << 20) or []
    colours = [colour for count, colour in found if count > 5000 and isinstance(colour, tuple)]
    for wanted in ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (COLOURS[0], COLOURS[2], COLOURS[4])):
        assert min(max(abs(a - b) for a, b in zip(wanted, c, strict=True)) for c in colours) <= 4  # of 256 colours


def test_the_sign_is_read_in_grey_and_without_red_and_green() -> None:
    shades = signed()(np.linspace(0, 1, 9))
    steps = np.diff([lightness(shade) for shade in shades])
    assert (steps > SEEN).all()
    middle, low, high = shades[4], shades[2], shades[6]
    assert np.ptp(middle[:3]) < 0.02
    for shade, sign in ((low, -1), (high, 1)):  # yellow against blue, which red-green blindness leaves
        assert sign * ((shade[0] + shade[1]) / 2 - shade[2]) > 0.2


def test_at_most_sixteen_rows_are_named_and_no_more_than_four_beside_others() -> None:
    for panels, most in ((1, 16), (3, 4)):
        for experts in (1, 7, 16, 17, 60, 128):
            _, axes = canvas(panels, panels, height=3.0)
            heat(axes[0], cosines(experts), 1.0, alone=panels == 1)
            shown = [text.get_text() for text in axes[0].get_yticklabels()]
            assert min(experts, most / 2) <= len(shown) <= most
            assert shown == [text.get_text() for text in axes[0].get_xticklabels()]
            assert shown[0] == "0"


def test_a_heat_map_does_not_share_a_picture_with_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="heat maps and bars do not share a picture"):
        picture(tmp_path, cosines(4), sample_figures.moves("a"))


def test_a_record_keeps_its_matrix() -> None:
    whole = record("functional-decorrelation", "zoo/a", Verdict.SUPPORTED, figure=cosines(16))
    line = to_json(whole)
    assert "NaN" not in line
    read = from_json(line)
    assert to_json(read) == line
    assert read.figure is not None
    assert whole.figure is not None
    np.testing.assert_array_equal(matrix(read.figure)[1], matrix(whole.figure)[1])
