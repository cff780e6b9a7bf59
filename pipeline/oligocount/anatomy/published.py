"""MONAI's wholeBody_ct_segmentation, or a bundle like it, as an organ provider."""

from dataclasses import dataclass

from oligocount.anatomy.labelmap import GivenMap
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.errors import SeriesNotFound
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.channels import AIR_HU
from oligocount.inference.published import PublishedBundle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedBundleMapper:
    """An OrganMapper that labels the CT at the bundle's resolution."""

    bundle: PublishedBundle
    border_voxels: float

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return the bundle's structures on the PET grid. Raises SeriesNotFound without a CT."""
        ct = images.ct_full or images.ct
        if ct is None:
            raise SeriesNotFound(f"{self.bundle.model.name} draws organs from CT; there is none")
        spacing = self.bundle.spacing_mm
        grid = axial_grid(ct.geometry, (spacing, spacing, spacing))
        array = self.bundle.label(resample_volume(ct, grid, outside=AIR_HU).array)
        names = dict(self.bundle.classes)
        drawn = LabelMap(array=array, names=names, geometry=grid)
        border_mm = self.border_voxels * spacing
        return GivenMap(given=drawn, model=self.bundle.model, border_mm=border_mm)(images)
