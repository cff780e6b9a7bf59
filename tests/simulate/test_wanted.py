"""Lesions by name: what is asked for is what the truth holds."""

from collections import Counter

import pytest

from oligocount.domain.lesion import Kind
from oligocount.errors import ConfigError
from oligocount.simulate.grids import Extent
from oligocount.simulate.phantom import simulate
from oligocount.simulate.wanted import read_wanted


def test_sites_are_read_with_their_numbers_and_the_primary_first() -> None:
    wanted = read_wanted("liver:2, 104L,primary , bone:3")
    assert [(one.name, one.count) for one in wanted] == [
        ("primary", 1), ("liver", 2), ("104L", 1), ("bone", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "expected sites"),
        ("liver:", "number"),
        ("liver:0", "number"),
        ("liver:-1", "number"),
        ("liver:many", "number"),
        ("primary:2", "one primary"),
        ("toe", "unknown site 'toe'"),
        ("liver:61", "at most"),
    ],
)
def test_what_cannot_be_meant_is_refused(spec: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_wanted(spec)


@pytest.mark.slow
def test_the_truth_holds_what_was_asked_for() -> None:
    phantom = simulate(
        3, spacing_mm=6.0, extent=Extent.WHOLE_BODY, wanted=read_wanted("primary,liver:2,bone,104L")
    )
    lesions = [one for one in phantom.truth if one.kind is not Kind.PHYSIOLOGIC]
    assert Counter(one.station or one.organ for one in lesions) == {
        "oesophagus": 1, "liver": 2, "bone": 1, "104L": 1,
    }  # fmt: skip
    assert {label for label in range(1, 250) if (phantom.lesions.array == label).any()} == {
        one.id for one in lesions
    }


@pytest.mark.slow
def test_a_site_that_is_not_scanned_is_told() -> None:
    with pytest.raises(ConfigError, match="brain"):
        simulate(3, spacing_mm=8.0, extent=Extent.THORAX, wanted=read_wanted("brain"))
