"""Brings volumes and label maps onto another grid, with SimpleITK."""

import numpy as np
import SimpleITK as sitk

from oligocount.domain.volume import Geometry, LabelMap, Volume


def to_sitk(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    """Wrap an array (k, j, i) as a SimpleITK image in LPS mm."""
    image = sitk.GetImageFromArray(array)
    columns = geometry.affine[:3, :3][:, ::-1]  # SimpleITK's index order is (i, j, k)
    spacing = np.linalg.norm(columns, axis=0)
    image.SetSpacing([float(each) for each in spacing])
    image.SetDirection((columns / spacing).ravel().tolist())
    image.SetOrigin([float(each) for each in geometry.affine[:3, 3]])
    return image


def resample_volume(volume: Volume, onto: Geometry, *, outside: float) -> Volume:
    """The volume on another grid, linear; voxels beyond it get `outside`.

    Where the target is coarser by more than half, the source is smoothed first (Gaussian,
    sigma = (ratio - 1) / 2 source voxels) so that fine detail does not alias.
    """
    if volume.geometry.is_same_grid(onto):
        return Volume(array=volume.array, unit=volume.unit, geometry=onto)
    image = to_sitk(volume.array, volume.geometry)
    ratios = [t / s for t, s in zip(onto.spacing_mm, volume.geometry.spacing_mm, strict=True)]
    if max(ratios) > 1.5:
        sigmas = [
            max(1e-3, (ratio - 1) / 2 * s)
            for ratio, s in zip(ratios, volume.geometry.spacing_mm, strict=True)
        ]
        image = sitk.SmoothingRecursiveGaussian(image, sigmas[::-1])
    array = resampled(image, onto, sitk.sitkLinear, outside)
    return Volume(array=array.astype(np.float32, copy=False), unit=volume.unit, geometry=onto)


def resample_labels(labels: LabelMap, onto: Geometry) -> LabelMap:
    """The label map on another grid, nearest neighbour; background beyond it."""
    if labels.geometry.is_same_grid(onto):
        return LabelMap(array=labels.array, names=labels.names, geometry=onto)
    array = labels.array.astype(np.int32)
    moved = resampled(to_sitk(array, labels.geometry), onto, sitk.sitkNearestNeighbor, 0)
    return LabelMap(array=moved.astype(labels.array.dtype), names=labels.names, geometry=onto)


def resampled(image: sitk.Image, onto: Geometry, how: int, outside: float) -> np.ndarray:
    """The image on the grid `onto`, `how` being an interpolator, `outside` beyond its border."""
    like = to_sitk(np.zeros((1, 1, 1), np.uint8), onto)
    moved = sitk.Resample(
        image,
        [int(n) for n in onto.shape[::-1]],
        sitk.Transform(),
        how,
        like.GetOrigin(),
        like.GetSpacing(),
        like.GetDirection(),
        float(outside),
        image.GetPixelID(),
    )
    array: np.ndarray = sitk.GetArrayFromImage(moved)
    return array
