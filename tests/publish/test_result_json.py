"""result.json: what the contract says, unknown as null."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import SuvRoute
from oligocount.errors import OligocountError
from oligocount.publish.result_json import result_document, to_json

from . import builders


def test_a_lesion_is_told_with_its_site_its_evidence_and_what_became_of_it() -> None:
    lesion = result_document(builders.result())["lesions"][1]
    assert lesion["station"] == {"ajcc8": "104L", "jes": "104L", "iaslc": "1L"}
    assert lesion["nodal_class"] == "nonregional"
    assert lesion["runner_up"]["station"]["ajcc8"] == "2L"
    assert lesion["runner_up"]["margin_mm"] == 3.5
    assert (lesion["counted"], lesion["counted_as"]) == (True, "station 104L")
    assert (lesion["treatable"], lesion["n_nodes"], lesion["diffuse"]) == (True, 1, False)


def test_unknown_is_null() -> None:
    lesion = result_document(builders.result())["lesions"][4]
    assert lesion["treatable"] is None
    assert lesion["station"] is None
    assert lesion["runner_up"] is None


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_null(odd: float) -> None:
    one = builders.located_lesions(builders.geometry())[0]
    odd_one = dataclasses.replace(one, lesion=dataclasses.replace(one.lesion, suv_peak=odd))
    document = result_document(builders.result(lesions=(odd_one,)))
    assert json.loads(to_json(document))["lesions"][0]["suv_peak"] is None


def test_a_numpy_number_is_a_number() -> None:
    route = SuvRoute(kind="SUVbw", route="r", factor=np.float64(0.000242902976), tags={})
    text = to_json(result_document(builders.result(suv_route=route)))
    assert json.loads(text)["inputs"]["suv"]["factor"] == 0.000242903


def test_doubts_of_all_parts_are_told_once() -> None:
    doubt = Caveat(code="NO_CT", text="There is no CT.")
    study = dataclasses.replace(builders.study(), caveats=(doubt,))
    grid = builders.geometry()
    images = dataclasses.replace(builders.images(grid), caveats=(doubt,))
    document = result_document(builders.result(grid, study=study, images=images))
    codes = [each["code"] for each in document["caveats"]]
    assert codes == ["NO_MR", "NO_CT", "TREATABLE_UNKNOWN"]


def test_two_lesions_with_one_id_are_refused() -> None:
    one = builders.located_lesions(builders.geometry())[0]
    with pytest.raises(OligocountError, match=r"\[1, 1\]"):
        builders.result(lesions=(one, one))


def test_no_path_of_the_input_is_told() -> None:
    """A folder's name may be a person's name."""
    first, second = builders.study().series
    where = Path("/data/DOE^JANE/1.dcm")
    study = dataclasses.replace(
        builders.study(), series=(dataclasses.replace(first, files=(where,)), second)
    )
    assert "DOE" not in to_json(result_document(builders.result(study=study)))
