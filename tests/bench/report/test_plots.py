"""The plots by what they hold: axes, legends and data, never by looks; and the same bytes of the same records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.records import Run
from bench.report.content import Content
from bench.report.details import Part
from bench.report.material import Material, gather
from bench.report.plots import PLOTS, budget, build, cpu, differences, drawn, drops, image, latency, panel, timeline
from bench.report.plots.picture import Picture
from bench.report.plots.style import DARK, LIGHT
from tests.bench.report import factory


def figure_of(picture: Picture) -> Figure:
    assert picture.figure is not None, picture.caption
    return picture.figure


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for one in figure.legends for text in one.get_texts()]


def widths(axes: Axes) -> list[list[float]]:
    """The lengths of the bars, one list for each call of barh."""
    return [[round(bar.get_width(), 2) for bar in container] for container in axes.containers]


def column(data: object) -> list[float]:
    """The data of a line along one axis."""
    return [float(value) for value in np.asarray(data)]


def gathered(*runs: Run) -> Material:
    return gather(runs, "before", "after", 1, "here")


def test_drops_have_a_bar_for_every_stage_of_both_sides(material: Material) -> None:
    picture = drops.draw(material, LIGHT)
    (axes,) = figure_of(picture).axes
    assert picture.title == "\u201cafter\u201d lost no frame; \u201cbefore\u201d lost 11\u00a0% of them"
    assert axes.get_xlabel() == "lost frames, % of the offered ones"
    assert [text.get_text().split(" ")[0] for text in axes.get_yticklabels()] == list(drops.STAGES)
    assert widths(axes) == [[0, 0, 1.0, 0, 10.0, 0, 0, 0, 0], [0] * 9]
    assert legend(figure_of(picture)) == ["before (11\u00a0%)", "after (0\u00a0%)"]
    assert "n = 6 runs, 16,200 frames offered" in axes.get_title(loc="left").replace("\n", " ")
    hatches = {bars[0].get_hatch() for bars in axes.containers if bars is not None}
    assert len(hatches) == 2, "told apart without colour"


@pytest.mark.parametrize(
    ("unexplained", "said"),
    [
        (3.0, "the ledger does not close in 1 run of 2 (after, stream-after-0: 3 frames unexplained)"),
        (None, "1 run of 2 (after, stream-after-0) did not say whether the ledger closes"),
    ],
)
def test_drops_are_not_drawn_where_a_ledger_does_not_close(unexplained: float | None, said: str) -> None:
    open_one = factory.changed(factory.stream("after", 0), unexplained_frames=unexplained)
    picture = drops.draw(gathered(factory.stream("before", 0), open_one), LIGHT)
    assert picture.figure is None
    assert picture.caption == f"Frames lost are not drawn: {said}."


def test_a_stage_that_nobody_measured_is_not_shown_as_nothing() -> None:
    unwatched = factory.changed(factory.stream("after", None), dropped_network=None, dropped_viewer=None)
    (axes,) = figure_of(drops.draw(gathered(unwatched), LIGHT)).axes
    assert [text.get_text() for text in axes.texts][-2:] == ["not measured yet", "not measured yet"]


def test_latency_marks_its_percentiles(material: Material) -> None:
    figure = figure_of(latency.draw(material, LIGHT))
    (axes,) = figure.axes
    assert axes.get_xlabel().endswith(", ms") and axes.get_ylabel().endswith(", %")
    marked = [line for line in axes.lines if column(line.get_ydata()) == [50, 95, 99]]
    assert [round(column(line.get_xdata())[0], 1) for line in marked] == [48.0, 30.0]
    assert {line.get_marker() for line in marked} == {"s", "o"}
    assert len(axes.lines) == 2 * (6 + 3), "six runs, their sum, its marks and its entry in the legend, of each side"
    assert legend(figure)[1].startswith("after: p50 30.0 ms, p95 ")


def test_the_budget_says_whether_its_stages_meet_the_whole(material: Material) -> None:
    picture = budget.draw(material, LIGHT)
    (axes,) = figure_of(picture).axes
    assert [sum(column) for column in zip(*widths(axes), strict=True)] == [47.0, 29.5]
    assert legend(figure_of(picture)) == [
        "capture", "convert", "encode", "send", "network", "jitter buffer", "decode", "present", "measured as a whole (p50)",
    ]  # fmt: skip
    assert "before: the stages add up to 47.0 ms, the whole is 48.2 ms; 1.2 ms are in no stage." in picture.caption


def test_cpu_is_stacked_up_to_the_container(material: Material) -> None:
    picture = cpu.draw(material, LIGHT)
    (axes,) = figure_of(picture).axes
    assert [sum(column) for column in zip(*widths(axes), strict=True)] == [66.0, 53.5]
    assert legend(figure_of(picture))[:2] == ["encoder", "pipeline besides the encoder"]
    assert "29\u00a0% (before) and 13\u00a0% (after)" in picture.caption
    assert axes.get_xlabel() == "CPU, % of one core, median of the runs"


def test_the_panel_has_no_point_where_it_was_not_measured(material: Material) -> None:
    picture = panel.draw(material, LIGHT)
    left, right = figure_of(picture).axes
    assert [column(line.get_xdata()) for line in right.lines] == [[0, 1, 100], [0, 1, 100, 1000]]
    assert left.get_ylabel() == "CPU of the panel, % of one core" and right.get_ylabel() == "memory of the panel, MB"
    assert "Memory was not measured with before at 1,000 viewers." in picture.caption
    assert len({line.get_linestyle() for line in right.lines}) == 2


def test_a_build_has_a_bar_for_each_kind(material: Material) -> None:
    (axes,) = figure_of(build.draw(material, LIGHT)).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "before,\nfrom nothing", "after,\nfrom nothing", "before,\nafter a change", "after,\nafter a change",
    ]  # fmt: skip
    assert [sum(column) for column in zip(*widths(axes), strict=True)] == [560, 440, 543, 12]


def test_many_stages_are_put_together() -> None:
    stages = {f"stage{number:02}": 100.0 - number for number in range(20)}
    one = factory.run("build", "after", None, {}, details={"cold": {"stages": stages}})
    figure = figure_of(build.draw(gathered(one), LIGHT))
    assert legend(figure)[-1] == build.REST and len(legend(figure)) == 8
    assert sum(map(sum, widths(figure.axes[0]))) == sum(stages.values())


def test_an_image_names_its_largest_layers(material: Material) -> None:
    picture = image.draw(material, LIGHT)
    before, after = figure_of(picture).axes
    assert picture.title == "\u201cbefore\u201d weighs 5.20 GB and \u201cafter\u201d weighs 143 MB"
    assert widths(before) == [[4000, 900, 200, 100]] and widths(after) == [[120, 20, 3]]
    assert [text.get_text() for text in after.get_yticklabels()] == ["step 0", "step 1", "step 2"]
    many = [Part(f"RUN --mount=type=cache,x make {number}", 10.0 + number) for number in range(9)]
    assert [part.label for part in image.largest(many)][-2:] == ["make 3", "3 other layers"]


def test_the_timeline_has_a_field_for_each_pair(material: Material) -> None:
    picture = timeline.draw(material, LIGHT)
    fields = figure_of(picture).axes
    assert [axes.get_title(loc="left") for axes in fields] == [f"pair {number}" for number in range(1, 7)]
    assert [len(axes.lines) for axes in fields] == [3] * 6, "two runs and the losses of one"
    assert legend(figure_of(picture)) == ["before", "after", "frames lost in this second"]
    assert picture.title.startswith("Frames were lost in 6 of 12 runs; the slowest second takes 50 ms")


def test_differences_are_marked_by_their_verdict(material: Material) -> None:
    found = {one.label: one for one in differences.lines(material)}
    assert round(found["size of the image"].change) == -97
    assert found["panel's memory, 1 viewer"].verdict == "worse"
    (axes,) = figure_of(differences.draw(material, LIGHT)).axes
    marks = [line.get_marker() for line in axes.lines if line.get_linestyle() == "None"]
    assert len(marks) == len(found) and {"o", "X"} <= set(marks)


def test_every_plot_says_so_where_nothing_was_measured() -> None:
    nothing = gathered(factory.run("startup", "before", None, {"healthy_s": 3.0}))
    for plot in PLOTS:
        picture = plot.draw(nothing, LIGHT)
        assert picture.figure is None and picture.caption.endswith("."), plot.name


def test_equal_records_give_equal_bytes_in_any_order(material: Material, made: Content) -> None:
    backwards = gather(factory.everything()[::-1], "before", "after", 1, "here")
    for one in made.drawn:
        assert one.light is not None and drawn(one.plot, backwards, LIGHT)[1] == one.light, one.plot.name
        assert b"tEXt" not in one.light, "neither a time nor a version is in the file"
        assert one.dark != one.light


@pytest.fixture
def own_settings() -> Iterator[None]:
    """Somebody's matplotlibrc."""
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        yield


@pytest.mark.usefixtures("own_settings")
def test_a_persons_own_settings_change_nothing(material: Material, made: Content) -> None:
    one = made.drawn[0]
    assert drawn(one.plot, material, LIGHT)[1] == one.light


def test_all_pictures_are_of_one_width(material: Material) -> None:
    for plot in PLOTS:
        assert figure_of(plot.draw(material, DARK)).get_figwidth() == 7.2


def test_a_long_name_of_a_scenario_stays_in_the_picture() -> None:
    name = "a" * 41
    runs = [factory.stream("before", 0), dataclasses.replace(factory.stream("after", 0), scenario=name)]
    picture = drops.draw(gather(runs, "before", name, 1, "here"), LIGHT)
    figure = figure_of(picture)
    figure.canvas.draw()
    title = figure.get_suptitle()
    assert max(map(len, title.split("\n"))) <= 74
