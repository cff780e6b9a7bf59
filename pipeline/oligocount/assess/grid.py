"""The grid of settings under which a case is counted again (`count.interval`)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from oligocount.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting that varies: its name, the value in force, the values tried, how to set one."""

    name: str
    as_set: float
    values: tuple[float, ...]
    put: Callable[[Settings, float], Settings]


def axes(settings: Settings) -> tuple[Axis, ...]:
    """Every setting with more than one value to try; what is in force is tried in any case.

    The order is from costly to cheap to change: uptake thresholds, grouping, sizes, margins.
    """
    grid, segment = settings.count.interval, settings.segment
    told = (
        ("threshold_times", 1.0, grid.threshold_times, _with_thresholds),
        ("segment.split.prominence", segment.split.prominence, grid.prominence, _with_prominence),
        ("segment.connectivity", segment.connectivity, grid.connectivity, _with_connectivity),
        ("segment.split.join_gap_mm", segment.split.join_gap_mm, grid.join_gap_mm, _with_gap),
        ("segment.min_volume_ml", segment.min_volume_ml, grid.min_volume_ml, _with_volume),
        ("station_margin_times", 1.0, grid.station_margin_times, _with_margins),
    )
    found = (
        Axis(name=name, as_set=now, values=tuple(sorted({now, *values})), put=put)
        for name, now, values, put in told
    )
    return tuple(axis for axis in found if len(axis.values) > 1)


def variations(
    settings: Settings, among: tuple[Axis, ...]
) -> Iterator[tuple[Mapping[str, float], Settings]]:
    """Every combination of the values of the axes, with the settings that it makes."""
    for chosen in product(*(axis.values for axis in among)):
        varied = settings
        for axis, value in zip(among, chosen, strict=True):
            varied = varied if value == axis.as_set else axis.put(varied, value)
        yield {axis.name: value for axis, value in zip(among, chosen, strict=True)}, varied


def _with_thresholds(settings: Settings, times: float) -> Settings:
    """Every uptake threshold of every segmenter, so many times as high."""
    segment = settings.segment
    levels, network = segment.threshold, segment.network
    return _segmenting(
        settings,
        threshold=replace(
            levels,
            low_suv=times * levels.low_suv,
            high_suv=times * levels.high_suv,
            share_of_maximum=times * levels.share_of_maximum,
            liver_times=times * levels.liver_times,
            liver_deviations=times * levels.liver_deviations,
        ),
        network=replace(
            network,
            min_suv=times * network.min_suv,
            share_of_maximum=times * network.share_of_maximum,
        ),
    )


def _with_prominence(settings: Settings, value: float) -> Settings:
    return _segmenting(settings, split=replace(settings.segment.split, prominence=value))


def _with_connectivity(settings: Settings, value: float) -> Settings:
    return _segmenting(settings, connectivity=int(value))


def _with_gap(settings: Settings, value: float) -> Settings:
    return _segmenting(settings, split=replace(settings.segment.split, join_gap_mm=value))


def _with_volume(settings: Settings, value: float) -> Settings:
    return _segmenting(settings, min_volume_ml=value)


def _with_margins(settings: Settings, times: float) -> Settings:
    count = settings.count
    changed = replace(
        count,
        frontier_margin_mm=times * count.frontier_margin_mm,
        coeliac_frontier_margin_mm=times * count.coeliac_frontier_margin_mm,
    )
    return replace(settings, count=changed)


def _segmenting(settings: Settings, **changes: Any) -> Settings:
    return replace(settings, segment=replace(settings.segment, **changes))
