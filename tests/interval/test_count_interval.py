"""The count under other settings."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assess.builders import FACTS, node, node_site, organ
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.lesion import Finding, RunnerUp
from oligocount.interval import count_interval, refinder, variations
from oligocount.interval.refinder import _Remembered
from oligocount.segment.threshold import FixedThreshold
from oligocount.settings import Settings
from publish import builders

SETTINGS = load_settings()
STRUCTURES = {
    name: load_vocabulary().structure(name)
    for name in builders.result().anatomy.organs.labels.names.values()
}


def test_the_first_variation_is_the_case_as_set_and_no_other_repeats_it() -> None:
    found = list(variations(SETTINGS))
    assert found[0] == ("as set", SETTINGS)
    assert all(each != SETTINGS for _, each in found[1:])
    names = [name for name, _ in found]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "part",
    ["connectivity", "min_volume_ml", "share_of_maximum", "prominence", "join_gap_mm", "frontier"],
)
def test_every_setting_of_the_grid_is_varied(part) -> None:
    assert any(part in name for name, _ in variations(SETTINGS))


def test_least_most_and_how_often_each_verdict_holds() -> None:
    def find(settings: Settings) -> Sequence[Finding]:
        number = 5 if settings.segment.connectivity == 6 else 2
        return [organ(each) for each in range(1, number + 1)]

    told = count_interval(find, FACTS, SETTINGS)
    assert (told.lowest, told.highest) == (2, 5)
    assert told.by_setting["as set"] == 2
    assert told.by_setting["segment.connectivity 6"] == 5
    assert told.verdicts["CN2025"] == {"OLIGO": len(told.by_setting) - 1, "NOT_OLIGO": 1}
    assert all(sum(held.values()) == len(told.by_setting) for held in told.verdicts.values())


def test_a_frontier_margin_is_counted_without_finding_again() -> None:
    asked: list[Settings] = []
    open_node = node(
        1, "101L", "regional", runner_up=RunnerUp(site=node_site("104L"), margin_mm=7.0)
    )

    def find(settings: Settings) -> Sequence[Finding]:
        asked.append(settings)
        return [open_node]

    told = count_interval(find, FACTS, SETTINGS)
    assert told.verdicts["CN2025"]["INDETERMINATE"] == 1  # the margin of 10 mm
    assert len(asked) == len({each.segment for each in asked})
    assert len(asked) < len(told.by_setting)


class TestRefinder:
    """On the small patient of six foci, by threshold."""

    MADE = builders.result()
    RESULT = replace(MADE, anatomy=Anatomy(organs=MADE.anatomy.organs, structures=STRUCTURES))
    SEGMENTER = FixedThreshold(name="suv25", level_suv=2.5, settings=SETTINGS.segment)

    def test_the_same_settings_find_the_foci_that_the_threshold_finds(self) -> None:
        findings = refinder(self.RESULT, self.SEGMENTER)(SETTINGS)
        foci = self.SEGMENTER(self.RESULT.images, self.RESULT.anatomy.organs)
        assert len(findings) == int(foci.labels.array.max())
        assert {each.treatable for each in findings} == {SETTINGS.count.treatable_unless_told}

    def test_a_larger_least_volume_finds_fewer(self) -> None:
        find = refinder(self.RESULT, self.SEGMENTER)
        coarse = replace(SETTINGS, segment=replace(SETTINGS.segment, min_volume_ml=10.0))
        assert 0 < len(find(coarse)) < len(find(SETTINGS))

    def test_the_whole_interval_holds_the_case_as_set(self) -> None:
        told = count_interval(refinder(self.RESULT, self.SEGMENTER), FACTS, SETTINGS)
        assert told.lowest <= told.by_setting["as set"] <= told.highest


def test_a_network_is_asked_once() -> None:
    class Bundle:
        metadata = "the bundle's"
        asked = 0

        def predict(self, channels: np.ndarray) -> np.ndarray:
            self.asked += 1
            return channels + self.asked

    bundle = Bundle()
    held = _Remembered(bundle)
    first = held.predict(np.zeros(3, np.float32))
    assert held.predict(np.ones(3, np.float32)) is first
    assert (bundle.asked, held.metadata) == (1, "the bundle's")
