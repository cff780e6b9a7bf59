"""result.json keeps the contract's shape: the schema shipped, the key names fixed."""

import copy
import json

import jsonschema
import pytest

from oligocount.domain.anatomy import Anatomy
from oligocount.publish.result_json import result_document, to_json
from oligocount.resources import shipped_folder
from publish import builders

SCHEMA = json.loads((shipped_folder("configs") / "result.schema.json").read_text("utf-8"))
NO_STATIONS = Anatomy(organs=builders.result().anatomy.organs)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document(**parts: object) -> dict:
    return json.loads(to_json(result_document(builders.result(**parts))))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "parts",
    [{}, {"lesions": ()}, {"caveats": ()}, {"anatomy": NO_STATIONS}, {"interval": None}],
    ids=["whole", "no_lesion", "no_caveat", "no_stations", "no_interval"],
)  # fmt: skip
def test_what_is_written_fits_the_schema(parts: dict) -> None:
    assert list(VALIDATOR.iter_errors(document(**parts))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "done"),
        (("schema_version",), "2.0"),
        (("lesions", 0, "kind"), "tumour"),
        (("lesions", 0, "centroid_lps_mm"), [0.0, 0.0]),
        (("lesions", 0, "id"), 0),
        (("counts", "N"), -1),
        (("verdicts", "CN2025", "decision"), "YES"),
        (("verdicts", "CN2025", "best"), None),
        (("studies", "ESO13"), "OLIGO"),
        (("estro_eortc", "class"), 10),
        (("inputs", "series", 0, "patient_name"), "x"),
        (("count_interval", "N_min"), -1),
        (("count_interval", "n_settings"), 1),
        (("count_interval", "N_by_settings", "two"), 1),
        (("count_interval", "verdicts", "CN2025", "YES"), 0.5),
        (("count_interval", "verdicts", "CN2025", "OLIGO"), 1.5),
        (("count_interval", "grid", 0, "values", 0, "N_max"), None),
    ],
)
def test_what_does_not_fit_is_seen(path: tuple, value: object) -> None:
    broken = copy.deepcopy(document())
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(broken)


CONTRACT_KEYS = {
    (): {
        "schema_version", "case_id", "status", "inputs", "lesions", "counts", "verdicts",
        "studies", "estro_eortc", "decision_critical_lesions", "statements", "flags", "caveats",
        "provenance", "count_interval"},
    ("inputs", "series", 0): {"uid", "modality", "role", "description", "chosen", "reason"},
    ("inputs", "suv"): {"kind", "route", "factor", "tags", "caveats"},
    ("lesions", 1): {
        "id", "kind", "status", "probability", "centroid_lps_mm", "volume_ml",
        "longest_diameter_mm", "suv_max", "suv_peak", "suv_mean", "mtv_ml", "tlg", "organ",
        "organ_system", "side", "lobe", "organ_overlap", "runner_up", "station", "nodal_class",
        "station_margin_mm", "counted", "counted_as", "reason", "modality"},
    ("lesions", 1, "station"): {"ajcc8", "jes", "iaslc"},
    ("counts",): {"V", "S", "R", "N", "O", "M", "N_low", "N_high", "by_organ", "by_station"},
    ("verdicts", "CN2025"): {"decision", "best", "worst", "criteria", "reason", "source"},
    ("verdicts", "CN2025", "criteria", 0): {"name", "observed", "required", "outcome"},
    ("estro_eortc",): {"class", "name", "still_possible"},
    ("statements", 0): {"n", "flag", "text"},
    ("count_interval",): {"N_min", "N_max", "n_settings", "N_by_settings", "grid", "verdicts"},
    ("count_interval", "grid", 0): {"setting", "as_set", "values"},
    ("count_interval", "grid", 0, "values", 0): {"value", "N_min", "N_max"},
    ("provenance",): {"oligocount", "models", "settings_digest", "seconds"},
}  # fmt: skip


@pytest.mark.parametrize("path", CONTRACT_KEYS, ids=lambda path: "/".join(map(str, path)) or "top")
def test_every_key_that_the_contract_fixes_is_there(path: tuple) -> None:
    place = document()
    for step in path:
        place = place[step]
    assert CONTRACT_KEYS[path] <= set(place)
