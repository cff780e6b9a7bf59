"""The count under a grid of other settings."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from assess.builders import FACTS, node, node_site, organ
from oligocount.assess import count_interval
from oligocount.assess.grid import axes, variations
from oligocount.config import load_settings
from oligocount.domain.interval import CountInterval
from oligocount.domain.lesion import Finding, RunnerUp
from oligocount.settings import IntervalSettings, Settings
from oligocount.settings_segment import SegmentSettings

SETTINGS = load_settings()
NOTHING = IntervalSettings(
    threshold_times=(), prominence=(), connectivity=(), join_gap_mm=(), min_volume_ml=(),
    station_margin_times=(),
)  # fmt: skip


def trying(**grid: object) -> Settings:
    """The shipped settings with a grid of these values alone."""
    return replace(SETTINGS, count=replace(SETTINGS.count, interval=replace(NOTHING, **grid)))


def interval(find, settings: Settings) -> CountInterval:
    told = count_interval(find, FACTS, settings)
    assert told is not None
    return told


def lungs(number: int) -> list[Finding]:
    return [organ(each) for each in range(1, number + 1)]


def test_every_combination_is_tried_once_and_one_is_the_case_as_set() -> None:
    among = axes(SETTINGS)
    found = list(variations(SETTINGS, among))
    assert len(found) == 3**5
    assert [varied for _, varied in found].count(SETTINGS) == 1
    assert len({(varied.segment, varied.count) for _, varied in found}) == len(found)


def test_a_value_in_force_is_tried_although_the_grid_lacks_it() -> None:
    (axis,) = axes(trying(min_volume_ml=(0.7,)))
    assert axis.values == (0.1, 0.7)
    assert axis.as_set == 0.1


@pytest.mark.parametrize(
    ("grid", "look", "expected"),
    [
        ({"connectivity": (6,)}, lambda s: s.segment.connectivity, 6),
        ({"min_volume_ml": (0.5,)}, lambda s: s.segment.min_volume_ml, 0.5),
        ({"join_gap_mm": (9.0,)}, lambda s: s.segment.split.join_gap_mm, 9.0),
        ({"prominence": (0.2,)}, lambda s: s.segment.split.prominence, 0.2),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.threshold.low_suv, 5.0),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.threshold.high_suv, 8.0),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.threshold.share_of_maximum, 0.82),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.threshold.liver_times, 3.0),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.threshold.liver_deviations, 4.0),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.network.share_of_maximum, 0.82),
        ({"threshold_times": (2.0,)}, lambda s: s.segment.network.min_suv, 5.0),
        ({"station_margin_times": (2.0,)}, lambda s: s.count.frontier_margin_mm, 10.0),
        ({"station_margin_times": (0.0,)}, lambda s: s.count.coeliac_frontier_margin_mm, 0.0),
    ],
)
def test_each_axis_sets_what_it_names(grid, look, expected) -> None:
    settings = trying(**grid)
    seen = {look(varied) for _, varied in variations(settings, axes(settings))}
    assert sorted(seen) == pytest.approx(sorted((look(SETTINGS), expected)))


def test_least_most_and_how_often_each_verdict_holds() -> None:
    def find(segment: SegmentSettings) -> Sequence[Finding]:
        return lungs(5 if segment.connectivity == 6 else 2)

    told = interval(find, trying(connectivity=(6, 26), min_volume_ml=(1.0,)))
    assert (told.n_min, told.n_max, told.n_settings) == (2, 5, 6)
    assert told.n_by_settings == {2: 4, 5: 2}
    assert told.verdicts["CN2025"] == pytest.approx({"OLIGO": 4 / 6, "NOT_OLIGO": 2 / 6})
    assert told.verdicts["ESTRO_ASTRO"] == {"OLIGO": 1.0}


def test_each_setting_tells_what_it_does_whatever_the_others() -> None:
    def find(segment: SegmentSettings) -> Sequence[Finding]:
        return lungs(3 if segment.connectivity == 6 and segment.min_volume_ml < 1 else 1)

    told = interval(find, trying(connectivity=(6,), min_volume_ml=(1.0,)))
    effects = {each.setting: each for each in told.effects}
    seen = {
        (each.value, each.n_min, each.n_max)
        for each in effects["segment.connectivity"].values
    }  # fmt: skip
    assert seen == {(6, 1, 3), (18, 1, 1)}
    assert effects["segment.connectivity"].as_set == 18


def test_findings_are_asked_once_for_each_way_to_segment() -> None:
    asked: list[SegmentSettings] = []
    open_node = node(
        1, "101L", "regional", runner_up=RunnerUp(site=node_site("104L"), margin_mm=7.0)
    )

    def find(segment: SegmentSettings) -> Sequence[Finding]:
        asked.append(segment)
        return [open_node]

    told = interval(find, trying(connectivity=(6,), station_margin_times=(0.0, 1.0, 2.0)))
    assert len(asked) == len(set(asked)) == 2
    assert told.verdicts["CN2025"] == pytest.approx({"NOT_M1": 2 / 3, "INDETERMINATE": 1 / 3})


def test_an_empty_grid_gives_no_interval() -> None:
    assert count_interval(lambda _: lungs(1), FACTS, trying()) is None


def test_neighbours_in_the_order_differ_in_what_is_cheap() -> None:
    """Uptake thresholds change least often, margins most often: what is shared is reused."""
    found = [varied for _, varied in variations(SETTINGS, axes(SETTINGS))]
    changes = sum(
        one.segment.threshold != other.segment.threshold
        for one, other in zip(found[1:], found, strict=False)
    )
    assert changes == 2
