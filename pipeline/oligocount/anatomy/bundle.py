"""The embedded organ networks: aligned images to an organ map on the PET grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.anatomy.calm import without_hot_foci
from oligocount.anatomy.refine import (
    refine_by_density,
    without_misplaced,
    without_specks,
)
from oligocount.anatomy.sides import split_paired
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import BundleMismatch
from oligocount.geometry.affine import axial_grid, crop, regrid
from oligocount.geometry.box import bounding_box, grown
from oligocount.geometry.likeliest import likeliest_labels
from oligocount.geometry.remembered import remembered
from oligocount.geometry.resample import resample_volume
from oligocount.inference.bundle import Bundle
from oligocount.inference.channels import AIR_HU, Inputs, fill_channels
from oligocount.inference.fine import FineNetwork
from oligocount.settings_anatomy import AnatomySettings

_BACKGROUND = ("outside", "background")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BundleMapper:
    """An OrganMapper that runs one network over the whole body at the network's own grid.

    A second one, where the bundle holds it, draws finer what the first one drew.
    """

    bundle: Bundle
    settings: AnatomySettings
    fine: FineNetwork | None = None

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return the most probable structure of each voxel, paired ones split by side.

        On the PET grid a voxel has the label that is likeliest there, probabilities interpolated
        between the network's voxels; their mean over a structure becomes its confidence.
        """
        grid, probability = self.probability(images.suv.geometry, images.suv, images.ct)
        labels, trust = self.drawn(grid, probability, images.suv.geometry)
        del probability
        if images.ct is not None:
            labels = refine_by_density(labels, images.ct, self.settings.outline)
        return OrganMap(
            labels=labels,
            known=frozenset(labels.names.values()),
            model=self.bundle.metadata.model,
            confidence={
                name: trust.get(name, trust.get(name.rsplit("_", 1)[0], 0.0))
                for name in labels.names.values()
            },
            caveats=_caveats(images),
            border_mm=self.settings.border_voxels * max(self.bundle.metadata.spacing_mm),
        )

    def probability(
        self, about: Geometry, suv: Volume | None, ct: Volume | None
    ) -> tuple[Geometry, NDArray[np.float32]]:
        """Probabilities (K, k, j, i) of the network's classes, and the grid on which they lie.

        It covers `about`; a fine network draws the box of the body alone. Neither network sees hot
        foci (anatomy.calm).
        """
        metadata = self.bundle.metadata
        k, j, i = (step / (self.fine.parts if self.fine else 2) for step in metadata.spacing_mm)
        seen = axial_grid(about, (k, j, i))
        calm = None if suv is None else self._calm(remembered(suv, seen, outside=0.0))
        ct = None if ct is None else remembered(ct, seen, outside=AIR_HU)
        grid = axial_grid(about, metadata.spacing_mm)
        coarse = self.bundle.predict(fill_channels(metadata.channels, _inputs(calm, ct, grid)))
        if self.fine is None:
            return grid, coarse
        body = bounding_box(coarse.argmax(axis=0) > 0)
        box = grown(body, (1, 1, 1), grid.shape)
        target = regrid(crop(grid, box), (k, j, i))
        channels = fill_channels(metadata.channels, _inputs(calm, ct, target))
        return target, self.fine.predict(channels, coarse[:, *box])

    def drawn(
        self, grid: Geometry, probability: NDArray[np.float32], onto: Geometry
    ) -> tuple[LabelMap, dict[str, float]]:
        """The structures on `onto`, before density corrects them, and how sure each is."""
        names = class_names(self.bundle.metadata.classes, probability.shape[0])
        array = probability.argmax(axis=0).astype(np.int32)
        trust = _mean_probability(probability, array, names)
        whole = without_misplaced(LabelMap(array=array, names=names, geometry=grid))
        kept = without_specks(whole, self.settings.outline.part_min_share)
        return split_paired(likeliest_labels(probability, kept, onto)), trust

    def _calm(self, suv: Volume) -> Volume:
        """Uptake without hot foci, on voxels small enough that a node has several."""
        calm = without_hot_foci(suv.array, suv.geometry.spacing_mm, self.settings.calm_mm)
        return Volume(array=calm, unit=suv.unit, geometry=suv.geometry)


def class_names(classes: tuple[str, ...], channels: int) -> dict[int, str]:
    """Output channel to structure name, the background left out.

    Raises BundleMismatch when the network draws another number of classes than it names.
    """
    offset = channels - len(classes)
    if offset not in (0, 1):
        raise BundleMismatch(f"network draws {channels} classes, its metadata name {len(classes)}")
    vocabulary = load_vocabulary()
    named = {label + offset: vocabulary.canonical(name) for label, name in enumerate(classes)}
    return {label: name for label, name in named.items() if label and name not in _BACKGROUND}


def _inputs(suv: Volume | None, ct: Volume | None, grid: Geometry) -> Inputs:
    return Inputs(
        suv=resample_volume(suv, grid, outside=0.0) if suv else None,
        ct=resample_volume(ct, grid, outside=AIR_HU) if ct else None,
    )


def _mean_probability(
    probability: NDArray[np.float32], array: NDArray[np.int32], names: dict[int, str]
) -> dict[str, float]:
    best = probability.max(axis=0).ravel()
    total = np.bincount(array.ravel(), weights=best, minlength=probability.shape[0])
    count = np.bincount(array.ravel(), minlength=probability.shape[0])
    return {
        name: round(float(total[label] / count[label]), 3) if count[label] else 0.0
        for label, name in names.items()
    }


def _caveats(images: AlignedImages) -> tuple[Caveat, ...]:
    if images.ct is not None:
        return ()
    return (
        Caveat(
            code="ORGANS_WITHOUT_CT",
            text="organs were drawn from uptake alone; structures that uptake does not show "
            "are the network's expectation, not an observation",
        ),
    )
