"""lesions.csv: a row a lesion, unknown as an empty cell."""

import csv
import io

from oligocount.publish.result_json import result_document
from oligocount.publish.tables import COLUMNS, lesions_csv, runner_up_words

from . import builders


def rows() -> list[dict[str, str]]:
    text = lesions_csv(result_document(builders.result())["lesions"])
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_lesion_with_nested_values_in_columns_of_their_own() -> None:
    node = rows()[1]
    assert len(rows()) == len(builders.FOCI)
    assert (node["id"], node["kind"], node["station_ajcc8"]) == ("2", "node", "104L")
    assert (node["counted"], node["counted_as"]) == ("true", "station 104L")
    assert node["runner_up"] == "2L (3.5 mm)"
    assert node["modality"] == "PT+CT"
    middle = [float(node[f"centroid_{axis}_lps_mm"]) for axis in "xyz"]
    assert middle == [36.0, -12.0, 132.0]


def test_unknown_is_an_empty_cell() -> None:
    lung = rows()[4]
    assert (lung["treatable"], lung["station_jes"], lung["runner_up"]) == ("", "", "")


def test_no_lesion_leaves_the_header_alone() -> None:
    assert lesions_csv([]) == ",".join(COLUMNS) + "\n"


def test_every_plain_value_of_a_lesion_has_its_column() -> None:
    """What is not in the table is told by columns of its parts, or belongs to the report."""
    lesion = result_document(builders.result())["lesions"][0]
    told_otherwise = {"centroid_lps_mm", "station", "caveats", "mr", "set_aside"}
    assert set(lesion) - set(COLUMNS) == told_otherwise


def test_a_runner_up_is_told_with_what_is_known_of_it() -> None:
    bare = {"station": None, "organ": "lung", "overlap": None, "margin_mm": None}
    assert runner_up_words(None) is None
    assert runner_up_words(bare) == "lung"
    assert runner_up_words({**bare, "organ": None, "overlap": 0.25}) == "unknown (overlap 0.25)"
