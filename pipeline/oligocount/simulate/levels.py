"""Borders between stations that follow the patient's own organs, not the template's.

Project rules 2.2 and 2.3: 8M ends at the caudal margin of the inferior pulmonary vein, where 8Lo
and 9 begin; 16a2 ends at the left renal vein (5 mm above the kidneys' middles), 16b1 at the middle
of L3.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.body import BodyMap

_RENAL_VEIN_ABOVE_MM = 5.0


def settle_stations(body: BodyMap) -> BodyMap:
    """The body with station borders at its own levels; a level that is cut off moves none."""
    stations = body.stations.copy()
    vein = _lowest(body, "pulmonary_vein")
    if vein is not None:
        _divide(stations, body, ("8M", "8Lo"), vein)
        _divide(stations, body, (None, "9R"), vein)
        _divide(stations, body, (None, "9L"), vein)
    kidneys = [_middle(body, name) for name in ("kidney_left", "kidney_right")]
    if None not in kidneys:
        lift = _RENAL_VEIN_ABOVE_MM / body.geometry.spacing_mm[0]
        _divide(stations, body, ("16a2", "16b1"), np.mean([k for k in kidneys if k]) + lift)
    lumbar = _middle(body, "vertebrae_L3")
    if lumbar is not None:
        _divide(stations, body, ("16b1", "16b2"), lumbar)
    return replace(body, stations=stations)


def _divide(
    stations: NDArray[np.uint8],
    body: BodyMap,
    pair: tuple[str | None, str],
    level: float | np.floating,
) -> None:
    """Above the level (slice) lies the first of two stations, below it the second."""
    above, below = (0 if name is None else body.station_names.index(name) for name in pair)
    either = (stations == below) | ((stations == above) & (above > 0))
    height = np.arange(len(stations))[:, None, None]
    stations[either & (height >= level)] = above
    stations[either & (height < level)] = below


def _middle(body: BodyMap, name: str) -> float | None:
    """The mean slice of a structure that is whole on the grid."""
    counts = body.where(name).sum(axis=(1, 2))
    if not counts.any() or counts[0] or counts[-1]:
        return None
    return float(np.average(np.arange(len(counts)), weights=counts))


def _lowest(body: BodyMap, name: str) -> float | None:
    """The lowest slice of a structure that does not leave the grid below."""
    slices = np.flatnonzero(body.where(name).any(axis=(1, 2)))
    return None if slices.size == 0 or slices[0] == 0 else float(slices[0])
