"""Bland and Altman's plot: points and lines lie where their numbers say."""

from oligocount.cohort.plots import bland_altman


def test_points_and_lines_lie_where_they_belong() -> None:
    """Means 1 and 3, differences -2 and 2: the bias is half-way up, the larger one higher."""
    plot = bland_altman("N", [("a", 0, 2), ("b", 4, 2)], (0.0, -5.0, 5.0))
    first, second = plot.points
    assert plot.x_range == (1.0, 3.0)
    assert plot.y_range == (-5.0, 5.0)
    assert (first.x, second.x) == (plot.margin, plot.width - plot.margin)
    assert second.y < plot.height / 2 < first.y
    assert {line.name: line.y for line in plot.lines} == {
        "bias": plot.height / 2,
        "-1.96 SD": plot.height - plot.margin,
        "+1.96 SD": plot.margin,
    }
    assert first.words == "a: machine 0, reader 2"


def test_one_case_has_no_limits_and_is_drawn_in_the_middle() -> None:
    plot = bland_altman("N", [("a", 2, 2)], (0.0, None, None))
    assert [line.name for line in plot.lines] == ["bias"]
    assert plot.points[0].x == plot.width / 2
    assert plot.points[0].y == plot.height / 2
