"""A given organ map: any label map with names becomes an OrganMap on the PET grid."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from oligocount.anatomy.vocabulary import Vocabulary, load_vocabulary
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError, GeometryError
from oligocount.geometry.resample import resample_labels
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenMap:
    """An OrganMapper that brings one given map onto the PET grid.

    Every structure that has a name in the map counts as known, every border as right to
    `border_mm`. Raises GeometryError when
    the map does not touch the PET's box.
    """

    given: LabelMap
    model: ModelInfo
    border_mm: float = 0.0

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return the given map on the PET grid, with the vocabulary's names."""
        named = with_canonical_names(self.given, load_vocabulary())
        moved = resample_labels(named, images.suv.geometry)
        if self.given.array.any() and not moved.array.any():
            raise GeometryError(
                f"organ map {self.model.name}: lies wholly outside the PET's box; "
                "expected a map in the patient's coordinates"
            )
        return OrganMap(
            labels=moved,
            known=frozenset(named.names.values()),
            model=self.model,
            caveats=_unnamed_caveat(self.given),
            border_mm=self.border_mm,
        )


def with_canonical_names(given: LabelMap, vocabulary: Vocabulary) -> LabelMap:
    """The same labels with every name written as the vocabulary writes it."""
    names = {label: vocabulary.canonical(name) for label, name in given.names.items()}
    return LabelMap(array=given.array, names=names, geometry=given.geometry)


def label_table(name: str) -> Mapping[int, str]:
    """A published id table: `totalsegmentator_v1` (MONAI wholeBody) or `totalsegmentator_v2`.

    Raises ConfigError for a table that does not exist.
    """
    file = shipped_folder("configs") / "anatomy" / "label_tables.yaml"
    tables = read_shipped_yaml(file)
    if name not in tables:
        raise ConfigError(f"label table {name!r}: known tables are {', '.join(sorted(tables))}")
    return dict(enumerate(tables[name], start=1))


def _unnamed_caveat(given: LabelMap) -> tuple[Caveat, ...]:
    found = set(np.unique(given.array).tolist()) - {0} - set(given.names)
    if not found:
        return ()
    listed = ", ".join(str(label) for label in sorted(found)[:10])
    return (
        Caveat(
            code="ORGAN_LABELS_UNNAMED",
            text=f"labels without a name in the organ map are ignored: {listed}",
        ),
    )
