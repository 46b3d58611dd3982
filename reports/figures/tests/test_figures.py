"""Pictures: deterministic bytes, whatever the labels, gaps and scales."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image

from claims.core.record import Figure, LayerCurve, Series
from claims.core.verdict import Verdict
from reports.data.board import board
from reports.figures.arrange import Panel, arranged
from reports.figures.captions import caption
from reports.figures.claim_figures import groups, layer_figure, pictures, scales, varies
from reports.figures.draw import draw
from reports.figures.marks import cell_width
from reports.figures.style import CROWDED, PALETTE, colours, in_order
from reports.tests.support import sample_figures
from reports.tests.support.pictures import picture
from reports.tests.support.samples import criterion, record


@pytest.mark.parametrize("kind", ["scatter", "density", "lines", "bars", "dots", "ecdf", "heat"])
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
    assert picture(tmp_path, full, replace(full, series=[], reference=[])).width == 1200


def test_bytes_are_the_same_whatever_the_users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    panel = Panel("zoo/a", sample_figures.moves("zoo/a"))
    draw(tmp_path / "a.webp", "t", [panel])
    monkeypatch.setitem(mpl.rcParams, "font.size", 31)
    draw(tmp_path / "b.webp", "t", [panel])
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()
    with Image.open(tmp_path / "a.webp") as image:
        assert not image.info.keys() & {"exif", "xmp", "icc_profile", "timestamp"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Canvas]:
    """Draw panels and return the canvas, before it is a file."""
    kept: list[Canvas] = []
    monkeypatch.setattr("reports.figures.draw.save", lambda canvas, _: kept.append(canvas))

    def _drawn(title: str, *panels: Panel, above: str = "") -> Canvas:
        draw(tmp_path / "x.webp", title, panels, above)
        return kept[-1]

    return _drawn


def words(canvas: Canvas, panels: int) -> tuple[str, list[str]]:
    """Return, on one line each, what stands above all panels and above each."""
    titles = [axis.get_title() for axis in canvas.axes[:panels]]
    return " ".join(canvas.get_suptitle().split()), [" ".join(title.split()) for title in titles]


SAYS = "response to the shared direction of all the tokens, mean and range over every seed there is"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_panel_has_its_place_its_verdict_and_its_number(drawn: Callable[..., Canvas], count: int) -> None:
    alike = replace(sample_figures.moves("a"), title=SAYS)
    panels = [Panel(f"zoo/{i}", alike, "refuted", f"0.{i} [0, 1]") for i in range(count)]
    above, own = words(drawn("moves matter", *panels, above="share, 95 % interval"), count)
    assert above == "moves matter Above each panel: share, 95 % interval"
    assert own == [f"zoo/{i}: refuted 0.{i} [0, 1]" for i in range(count)]


def test_what_one_panel_alone_shows_stands_above_it(drawn: Callable[..., Canvas]) -> None:
    panels = [Panel(f"zoo/{i}", replace(sample_figures.moves("a"), title=f"moves of layer {i}")) for i in range(3)]
    assert words(drawn("moves matter", *panels), 3) == (
        "moves matter",
        [f"zoo/{i} moves of layer {i}" for i in range(3)],
    )


LINES = Figure("lines", "own", "", "layer", "cosine", [Series("a", [0.0, 1.0], [0.2, 0.4], [0.1, 0.3], [0.3, 0.5])])


def test_panels_of_one_quantity_have_one_scale(drawn: Callable[..., Canvas]) -> None:
    far = replace(LINES, series=[Series("a", [0.0, 9.0], [0.2, 40.0])])
    other = replace(LINES, y_label="norm")
    axes = drawn("t", *(Panel(str(i), data) for i, data in enumerate((LINES, far, other)))).axes
    assert axes[0].get_ylim() == axes[1].get_ylim() != axes[2].get_ylim()
    assert axes[0].get_xlim() == axes[1].get_xlim() == axes[2].get_xlim()


def test_a_figure_of_several_panels_has_a_row_a_place(drawn: Callable[..., Canvas]) -> None:
    whole = Figure("panels", "t", "", "", "", [], panels=[LINES, replace(LINES, y_label="norm")])
    axes = drawn("t", Panel("zoo/a", whole, "refuted", "0.1"), Panel("zoo/b", whole)).axes
    assert [axis.get_title("left") for axis in axes[:4]] == ["zoo/a: 0.1, refuted\nown", "\nown", "zoo/b\nown", "\nown"]
    assert axes[0].get_ylim() == axes[2].get_ylim()


def test_bars_without_positions_stand_side_by_side_by_place() -> None:
    bars = Figure("bars", "t", "", "checkpoint", "share", [Series("x", [0.0], [0.4], [0.3], [0.5])])
    (panel,) = arranged([Panel("a", bars, "supported", "0.4"), Panel("b", bars, "refuted")]).panels
    (series,) = panel.data.series
    assert (series.x, series.y, series.low) == ([0.0, 1.0], [0.4, 0.4], [0.3, 0.3])
    assert panel.data.ticks == ["a\n0.4\nsupported", "b\nrefuted"]


def test_a_standard_deviation_is_a_band_and_an_interval_is_whiskers(drawn: Callable[..., Canvas]) -> None:
    for spread, bands, whiskers in (("deviation", 1, 0), ("interval", 0, 1)):
        (axis,) = drawn("t", Panel("a", replace(LINES, spread=spread))).axes  # type: ignore[arg-type]
        assert len([c for c in axis.collections if "Fill" in type(c).__name__ or "Poly" in type(c).__name__]) == bands
        assert len(axis.containers) == whiskers


def test_single_units_are_grey_and_named_once(drawn: Callable[..., Canvas]) -> None:
    single = [Series("single pairs", [0.0, 1.0], [0.1 * i, 0.2]) for i in range(3)]
    figure = drawn("t", Panel("a", replace(LINES, series=[*single, *LINES.series])))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "single pairs"]


def test_a_caption_says_what_is_claimed_drawn_around_and_of_how_many() -> None:
    found = record("kernel-energy", "zoo/a", Verdict.SUPPORTED, criteria=[criterion("gain", (1.2, 1.1, 1.3), "> 1")])
    said = caption([found], [replace(LINES, title="likeness", note="Of two.")], "after GEO Fig. 2")
    assert said.claimed == f"Claimed: {found.title}."
    assert said.drawn == "Drawn: likeness; after GEO Fig. 2: cosine against layer."
    assert said.around.startswith("Whiskers")
    assert said.units == "n: 48 sequences."
    assert said.text.endswith("Of two.")
    sigma = caption([found], [replace(LINES, spread="deviation", units="3 texts")], "")
    assert (sigma.around, sigma.units) == ("Bands: one standard deviation.", "n: 3 texts.")


@pytest.mark.parametrize(
    ("value", "half", "found"),
    [([0.5, 0.51, 0.5], 0.02, False), ([0.5, 0.7, 0.9], 0.02, True), ([1e-7, 1e-7], 0.0, False), ([0.5], 0.0, False)],
)
def test_a_flat_curve_is_no_picture(value: list[float], half: float, found: bool) -> None:
    ends = [[v + sign * half for v in value] for sign in (-1, 1)]
    assert varies(LayerCurve("a", list(range(len(value))), [*value], *ends)) is found  # type: ignore[arg-type]


@pytest.mark.parametrize("panels", [1, 2, 3, 5, 7])
def test_no_word_is_cut_or_lies_on_another(drawn: Callable[..., Canvas], panels: int) -> None:
    moves = sample_figures.moves("a")
    long = replace(moves, title=SAYS, x_label="pruned MoE layers, from the end of the model", y_label=SAYS[:70])
    named = replace(long, series=[replace(s, label=f"{SAYS[:60]} {s.label}") for s in long.series])
    figure = drawn(SAYS, *(Panel(f"organisation/model-{i}", named, "refuted") for i in range(panels)))
    figure.canvas.draw()
    axes = figure.axes[:panels]
    legends = [*figure.legends, *(found for axis in figure.axes if (found := axis.get_legend()) is not None)]
    assert len(legends) == 1
    texts = [*figure.texts, *(word for a in axes for word in (a.title, a.xaxis.label, a.yaxis.label))]
    boxes = [shown.get_window_extent() for shown in [*legends, *(word for word in texts if word.get_text())]]
    for box in boxes:
        assert min(box.x0, box.y0) >= -1
        assert (box.max <= np.add(figure.bbox.max, 1)).all()
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_few_colours_in_few_pixels_stay_what_they_are(tmp_path: Path) -> None:
    series = [Series(f"series {name}", [float(i)], [float(i)]) for i, name in enumerate("abcdefg")]
    whole = replace(sample_figures.moves("a"), kind="scatter", series=series, ticks=[])
    draw(tmp_path / "x.webp", "t", [Panel(f"zoo/{i}", whole) for i in range(3)])
    with Image.open(tmp_path / "x.webp") as image:
        found = [c for _, c in image.convert("RGB").getcolors(256) or [] if isinstance(c, tuple)]
    for colour in PALETTE:
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert min(max(abs(a - b) for a, b in zip(wanted, c, strict=True)) for c in found) == 0


def test_numbered_series_are_in_the_order_of_their_numbers() -> None:
    assert in_order(["layer 3", "layer 5", "layer 0"]) == ["layer 0", "layer 3", "layer 5"]
    assert in_order(["with", "layer 5", "layer 0"]) == ["with", "layer 5", "layer 0"]
    assert list(colours(["with", "without"]).values()) == list(PALETTE[:2])
    assert not set(colours([f"layer {i}" for i in range(4)]).values()) & set(PALETTE)


def test_more_curves_than_colours_are_parted_by_quantity() -> None:
    names = [f"{quantity}, {which}" for quantity in ("distance", "overlap") for which in "abcd"]
    curves = [LayerCurve(name, [0, 1], [0.4, 0.5]) for name in names]
    assert groups(curves) == [set(names[:4]), set(names[4:])]
    assert groups(curves[:-1]) == [set(names[:-1])]
    drawn = layer_figure(curves[:4])
    assert drawn.y_label == "distance"
    assert [series.label for series in drawn.series] == list("abcd")
    assert layer_figure(curves).y_label == "distance, a, distance, b and 6 more"


def test_curves_far_apart_get_pictures_of_their_own() -> None:
    curves = [
        LayerCurve("share", [0, 1], [0.4, None]),
        LayerCurve("norm", [0, 1], [300.0, 400.0]),
        LayerCurve("chance", [0, 1], [0.9, 0.9]),
        LayerCurve("zero", [0, 1], [0.0, 0.0]),
    ]
    assert scales(curves) == [{"zero", "share", "chance"}, {"norm"}]
    assert scales([LayerCurve("share", [0], [0.001]), *curves[:1]]) == [{"share"}]


@pytest.mark.parametrize(("value", "log"), [([1e-7, 2e-7], True), ([1e-5, 2e-5], False), ([0.0, 2e-7], False)])
def test_a_curve_far_below_its_threshold_is_drawn_on_a_logarithmic_axis(value: list[float | None], log: bool) -> None:
    assert layer_figure([LayerCurve("residual", [0, 1], value, threshold=1e-4)]).y_log == log


def test_one_layer_still_has_a_threshold_to_see() -> None:
    (guide,) = layer_figure([LayerCurve("a", [3], [1.0], threshold=0.5)]).reference
    assert guide.x == [2.5, 3.5]


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind, 'pie'"):
        picture(tmp_path, replace(sample_figures.moves("a"), kind="pie"))


@pytest.mark.parametrize(
    ("values", "width"), [([0.0], 1 / 60), ([0.2, 0.2], 1 / 60), ([0.0, 0.5, 2.0], 0.5), ([90.0], 1.5)]
)
def test_a_cell_is_as_wide_as_the_least_distance_and_narrow_where_there_is_one(
    values: list[float], width: float
) -> None:
    assert cell_width(np.array(values)) == pytest.approx(width)


def test_the_numbers_of_a_logarithmic_axis_are_few_once_panels_share_its_limits(drawn: Callable[..., Canvas]) -> None:
    def panel(name: str, low: float) -> Panel:
        series = [Series("s", [1.0, 2.0], [low, 5.0])]
        return Panel(name, Figure("lines", "", "", "x", "y", series, y_log=True))

    narrow, wide = (drawn("t", panel("a", 1.0), panel("b", low)).axes[0] for low in (1.0, 1e-4))
    told = [{f"{value:e}"[0] for value in axis.yaxis.get_major_locator()()} for axis in (narrow, wide)]
    assert told == [{"1", "2", "5"}, {"1"}]


def test_panels_that_show_the_same_are_all_logarithmic_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Canvas] = []
    monkeypatch.setattr("reports.figures.draw.save", lambda canvas, _: kept.append(canvas))
    wide: list[float | None] = [1e-5, 0.4]
    narrow: list[float | None] = [0.1, 0.4]
    both = [
        record("kernel-energy", name, Verdict.SUPPORTED, layers=[LayerCurve("share", [0, 1], value)], figure=None)
        for name, value in (("a", wide), ("b", narrow))
    ]
    for records in (both, both[:1]):
        pictures(board(records), records[0], tmp_path)
    assert [[axis.get_yscale() for axis in canvas.axes if axis.has_data()] for canvas in kept] == [
        ["linear", "linear"],
        ["log"],
    ]


def test_a_drawing_is_letters_and_lines_the_same_every_time_and_a_crowd_is_a_picture_in_it(tmp_path: Path) -> None:
    few, many = (Series("s", list(map(float, range(n))), list(map(float, range(n)))) for n in (40, CROWDED + 1))
    for name, series in (("few", few), ("again", few), ("many", many)):
        draw(tmp_path / f"{name}.svg", "a title", [Panel("a", Figure("scatter", "", "", "x", "y", [series]))])
    few_text, again, many_text = ((tmp_path / f"{name}.svg").read_text("utf-8") for name in ("few", "again", "many"))
    assert few_text == again
    assert "a title</" in few_text
    assert ("<image" in few_text, "<image" in many_text) == (False, True)


def test_a_logarithmic_axis_is_linear_around_zero_in_all_panels_where_one_needs_it(
    drawn: Callable[..., Canvas],
) -> None:
    guide = Series("10 %", [0.0, 2.0], [0.1, 0.1])

    def one(values: list[float]) -> Figure:
        return Figure("lines", "t", "", "x", "y", [Series("s", [0.0, 1.0, 2.0], values)], [guide], y_log=True)

    below, above = one([-0.02, 0.0, 0.5]), one([0.01, 0.1, 2.0])
    together = drawn("t", Panel("a", below), Panel("b", above)).axes
    assert {axis.get_yscale() for axis in together} == {"symlog"}
    assert len({axis.get_ylim() for axis in together}) == 1
    assert together[0].get_ylim()[0] < -0.02
    assert together[0].get_ylim()[1] > 2.0
    assert [axis.get_yscale() for axis in drawn("t", Panel("b", above)).axes] == ["log"]
