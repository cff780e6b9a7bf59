"""How each structure looks on CT and PET: the shipped table, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder

_COLUMNS = ("hu", "hu_sd", "grain", "suv", "suv_sd", "patchy", "contrast")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tissues:
    """One row a label (row 0 = air): HU, SUV and their spread; HU of the shells of bones."""

    hu: NDArray[np.float32]
    hu_sd: NDArray[np.float32]
    grain: NDArray[np.float32]
    suv: NDArray[np.float32]
    suv_sd: NDArray[np.float32]
    patchy: NDArray[np.float32]
    contrast: NDArray[np.float32]
    cortex_hu: NDArray[np.float32]


@lru_cache(maxsize=4)
def load_tissues(names: tuple[str, ...]) -> Tissues:
    """The table for these structures. Raises ConfigError when one has no row."""
    file = shipped_folder("configs") / "simulator" / "tissues.yaml"
    content: dict[str, Any] = read_shipped_yaml(file)
    rows = [_row(name, content["tissues"]) for name in names[1:]]
    columns = {
        key: np.array([air, *(row[key] for row in rows)], np.float32)
        for key, air in zip(_COLUMNS, (-1000, 0, 0, 0, 0, 0, 0), strict=True)
    }
    shell = content["cortex"]
    thin = [name.startswith(tuple(shell["thin"])) for name in names]
    cortex = np.where(thin, shell["thin_hu"], shell["hu"]).astype(np.float32)
    return Tissues(**columns, cortex_hu=cortex)


def _row(name: str, table: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for row in table:
        if any(fnmatchcase(name, pattern) for pattern in row["match"]):
            return row
    raise ConfigError(f"configs/simulator/tissues.yaml: no row for the structure {name!r}")
