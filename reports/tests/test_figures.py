"""Pictures: deterministic bytes, whatever the labels, gaps and scales."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from claims.record import Figure, LayerCurve, Series
from reports.figures import draw
from reports.pictures import layer_figure, scales
from reports.tests import sample_figures


def picture(tmp_path: Path, *panels: Figure) -> tuple[int, int]:
    """Draw panels and return the picture's size."""
    path = tmp_path / "figures" / "x.png"
    draw(path, "a title", [(f"zoo/{i}", panel) for i, panel in enumerate(panels)])
    assert not list(path.parent.glob(".*"))
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize("kind", ["scatter", "lines", "bars", "ecdf", "heat"])
def test_every_kind_draws_nulls_bands_logs_and_nothing(tmp_path: Path, kind: str) -> None:
    gap: list[float] = [1.0, None, 3.0]  # type: ignore[list-item]
    full = Figure(
        kind=kind,
        title="$\\frac{",
        redraws="",
        x_label="日本",
        y_label="\x1b y" * 40,
        series=[Series("a" * 90, [1.0, 2.0, 3.0], gap, [0.5, 1.0, 2.0], [2.0, 3.0, 4.0]), Series("", [], [])],
        reference=[Series("guide", [1.0, 3.0], [1.0, 1.0])],
        ticks=["one", "two " * 30, "three"],
        y_log=True,
    )
    assert picture(tmp_path, full, replace(full, series=[], reference=[]))[0] == 1200


def test_bytes_are_the_same_whatever_the_users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    panel = ("zoo/a", sample_figures.moves("zoo/a"))
    draw(tmp_path / "a.png", "t", [panel])
    monkeypatch.setitem(mpl.rcParams, "font.size", 31)
    draw(tmp_path / "b.png", "t", [panel])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert not image.info.keys() - {"dpi"}


@pytest.mark.parametrize("panels", [1, 2, 3])
def test_a_long_title_is_wrapped_and_not_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, panels: int) -> None:
    says = "response to the shared direction of all the tokens, mean and range over every seed there is"
    kept: list[str] = []
    monkeypatch.setattr("reports.figures.save", lambda canvas, _: kept.extend(a.get_title() for a in canvas.axes))
    draw(tmp_path / "x.png", "t", [(f"zoo/{i}", replace(sample_figures.moves("a"), title=says)) for i in range(panels)])
    assert [" ".join(title.split()) for title in kept[:panels]] == [f"zoo/{i} {says}" for i in range(panels)]


def test_curves_far_apart_get_pictures_of_their_own() -> None:
    curves = [
        LayerCurve("share", [0, 1], [0.4, None]),
        LayerCurve("norm", [0, 1], [300.0, 400.0]),
        LayerCurve("chance", [0, 1], [0.9, 0.9]),
        LayerCurve("zero", [0, 1], [0.0, 0.0]),
    ]
    assert scales(curves) == [{"zero", "share", "chance"}, {"norm"}]
    assert scales([LayerCurve("share", [0], [0.001]), *curves[:1]]) == [{"share"}]


def test_a_curve_far_below_its_threshold_is_drawn_on_a_logarithmic_axis() -> None:
    far = LayerCurve("residual", [0, 1], [1e-7, 2e-7], threshold=1e-4)
    near = LayerCurve("residual", [0, 1], [1e-5, 2e-5], threshold=1e-4)
    zero = LayerCurve("residual", [0, 1], [0.0, 2e-7], threshold=1e-4)
    assert [layer_figure([curve]).y_log for curve in (far, near, zero)] == [True, False, False]


def test_one_layer_still_has_a_threshold_to_see() -> None:
    (guide,) = layer_figure([LayerCurve("a", [3], [1.0], threshold=0.5)]).reference
    assert guide.x == [2.5, 3.5]


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind, 'pie'"):
        picture(tmp_path, replace(sample_figures.moves("a"), kind="pie"))
