"""lesions.csv: the lesions of result.json, a row each, nested values in columns of their own."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    "id", "kind", "status", "probability", "centroid_x_lps_mm", "centroid_y_lps_mm",
    "centroid_z_lps_mm", "volume_ml", "longest_diameter_mm", "suv_max", "suv_peak", "suv_mean",
    "mtv_ml", "tlg", "organ", "organ_system", "structure", "side", "lobe", "organ_overlap",
    "runner_up", "station_ajcc8", "station_jes", "station_iaslc", "nodal_class",
    "station_margin_mm", "n_nodes", "diffuse", "treatable", "counted", "counted_as", "reason",
    "evidence", "modality",
)  # fmt: skip


def lesions_csv(lesions: Sequence[Mapping[str, Any]]) -> str:
    """The table as CSV (RFC 4180 quoting, one header line); unknown is an empty cell."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for lesion in lesions:
        cells = _cells(lesion)
        table.writerow([_cell(cells[column]) for column in COLUMNS])
    return text.getvalue()


def _cells(lesion: Mapping[str, Any]) -> dict[str, Any]:
    x, y, z = lesion["centroid_lps_mm"]
    station = lesion["station"] or {"ajcc8": None, "jes": None, "iaslc": None}
    return {
        **lesion,
        "centroid_x_lps_mm": x,
        "centroid_y_lps_mm": y,
        "centroid_z_lps_mm": z,
        "runner_up": runner_up_words(lesion["runner_up"]),
        **{f"station_{system}": key for system, key in station.items()},
        "modality": "+".join(lesion["modality"]),
    }


def runner_up_words(runner_up: Mapping[str, Any] | None) -> str | None:
    """The second-best site in one phrase: `lung (overlap 0.02)`, `2R (5.0 mm)`."""
    if runner_up is None:
        return None
    station = runner_up["station"] or {}
    keys = [key for key in station.values() if key]
    place = (keys or [runner_up["organ"] or "unknown"])[0]
    evidence = []
    if runner_up["overlap"] is not None:
        evidence.append(f"overlap {runner_up['overlap']:.2f}")
    if runner_up["margin_mm"] is not None:
        evidence.append(f"{runner_up['margin_mm']:.1f} mm")
    return f"{place} ({', '.join(evidence)})" if evidence else place


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
