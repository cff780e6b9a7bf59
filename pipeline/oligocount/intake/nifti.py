"""NIfTI in: any orientation, to (k, j, i) arrays in LPS. RAS ends here.

Axes are only turned and flipped, never resampled: the result's k runs nearest to superior, j to
posterior, i to left. The sform is followed where it is coded, else the qform; a file with
neither is refused, because its voxels have no place.
"""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.orientations import io_orientation
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Images, MrImage, Role, Series, Study, Tracer
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import GeometryError, InputError
from oligocount.geometry.affine import lps_from_ras
from oligocount.intake.room import refuse_beyond_memory

_SAME_FORM_MM = 0.5  # sform and qform that place every corner this close are one
_PERPENDICULAR = 2e-3  # cosine between axes; float32 headers round far below
_UNTOLD, _MM = 0, 2  # NIfTI-1, xyzt_units: three bits for lengths
_OTHER_LENGTHS = {1: "meter", 3: "micron"}
_UNREADABLE = (
    ImageFileError,
    HeaderDataError,
    OSError,
    ValueError,
    EOFError,
    OverflowError,
    zlib.error,
)


def read_nifti_volume(file: Path, unit: Unit) -> tuple[Volume, tuple[Caveat, ...]]:
    """The image of a NIfTI file, its numbers taken as `unit`.

    Raises InputError when it cannot be read, is not 3-D or holds numbers that are not finite,
    GeometryError when it says not where it lies.
    """
    array, geometry, caveats = _read(file, np.float32)
    if not np.isfinite(array).all():
        raise InputError(f"{file}: holds values that are not finite numbers")
    return Volume(array=array, unit=unit, geometry=geometry), caveats


def read_nifti_labels(file: Path) -> tuple[LabelMap, tuple[Caveat, ...]]:
    """The label map of a NIfTI file; names are the numbers.

    Raises as `read_nifti_volume` does, and InputError when a voxel holds no whole number or a
    negative one.
    """
    array, geometry, caveats = _read(file, None)
    whole = np.rint(array) if np.issubdtype(array.dtype, np.floating) else array
    if not np.array_equal(whole, array) or whole.min() < 0 or whole.max() > np.iinfo(np.int32).max:
        raise InputError(f"{file}: a mask holds whole numbers from 0 on; this holds others")
    labels = whole.astype(np.int32)
    names = {int(label): str(int(label)) for label in np.unique(labels) if label}
    return LabelMap(array=labels, names=names, geometry=geometry), caveats


def read_nifti_study(
    pet: Path,
    *,
    pet_unit: Unit,
    tracer: Tracer | None = None,
    ct: Path | None = None,
    mr: Sequence[Path] = (),
    case_id: str | None = None,
) -> tuple[Study, Images]:
    """A study given as NIfTI files. An MR's kind is not known from NIfTI: it is `other`.

    Raises as `read_nifti_volume` does.
    """
    pet_volume, doubts = read_nifti_volume(pet, pet_unit)
    caveats = list(doubts)
    series = [_series(pet, "PT", Role.PET)]
    ct_volume = None
    if ct is not None:
        ct_volume, doubts = read_nifti_volume(ct, Unit.HU)
        caveats.extend(doubts)
        series.append(_series(ct, "CT", Role.CT))
    images = []
    for file in mr:
        volume, doubts = read_nifti_volume(file, Unit.ARBITRARY)
        caveats.extend(doubts)
        series.append(_series(file, "MR", Role.MR))
        images.append(MrImage(kind="other", series_uid=series[-1].uid, volume=volume))
    study = Study(
        case_id=case_id or series[0].uid.removeprefix("nifti-")[:8],
        series=tuple(series),
        tracer=tracer,
        caveats=tuple(dict.fromkeys(caveats)),
    )
    return study, Images(pet=pet_volume, ct=ct_volume, mr=tuple(images))


def _series(file: Path, modality: str, role: Role) -> Series:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return Series(
        uid=f"nifti-{digest.hexdigest()[:16]}",
        modality=modality,
        role=role,
        description="NIfTI",
        chosen=True,
        reason="given as a file",
        n_instances=1,
        files=(file,),
    )


def _read(
    file: Path, dtype: type[np.float32] | None
) -> tuple[NDArray[Any], Geometry, tuple[Caveat, ...]]:
    try:
        image = nibabel.load(file)
    except _UNREADABLE as error:
        raise InputError(f"{file}: cannot be read as NIfTI: {error}") from error
    if not isinstance(image, nibabel.Nifti1Pair):
        raise InputError(f"{file}: expected NIfTI, found {type(image).__name__}")
    shape = _spatial_shape(file, image.shape)
    code = int(image.header["xyzt_units"]) & 7  # the bits above count time, of which there is none
    if code not in (_UNTOLD, _MM):
        raise GeometryError(
            f"{file}: lengths are in {_OTHER_LENGTHS.get(code, 'an undefined unit')}; expected mm"
        )
    refuse_beyond_memory(str(file), shape)
    affine, caveats = _affine(file, image)
    try:
        array = np.asanyarray(image.dataobj, dtype=dtype).reshape(shape)
    except _UNREADABLE as error:
        raise InputError(f"{file}: its voxels cannot be read: {error}") from error
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"{file}: expected one number a voxel, found {array.dtype}")
    return (*_to_superior_posterior_left(array, lps_from_ras(affine)), caveats)


def _spatial_shape(file: Path, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Three axes; further ones only of length one."""
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        reason = "a time series or several channels" if len(shape) > 3 else "no volume"
        raise InputError(f"{file}: expected one 3-D image, found shape {shape} ({reason})")
    return shape[:3]


def _affine(
    file: Path, image: nibabel.Nifti1Pair
) -> tuple[NDArray[np.float64], tuple[Caveat, ...]]:
    sform, qform = _form(file, image.get_sform), _form(file, image.get_qform)
    if sform is None and qform is None:
        raise GeometryError(f"{file}: neither sform nor qform is coded: where it lies is unknown")
    if sform is None:
        return np.asarray(qform), ()
    if qform is None:
        return sform, ()
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in image.shape[:3]], [1], indexing="ij"))
    gap = (sform - qform) @ corners.reshape(4, -1)
    largest = float(np.linalg.norm(gap[:3], axis=0).max())
    if largest <= _SAME_FORM_MM:
        return sform, ()
    text = f"a NIfTI file's sform and qform differ by up to {largest:.1f} mm; the sform was used"
    return sform, (Caveat(code="SFORM_QFORM_CONFLICT", text=text),)


def _form(file: Path, get: object) -> NDArray[np.float64] | None:
    """A coded and usable form, or None."""
    try:
        form, code = get(coded=True)  # type: ignore[operator]  # nibabel is untyped
    except (ValueError, np.linalg.LinAlgError) as error:
        raise GeometryError(f"{file}: its qform is damaged: {error}") from error
    if not code:
        return None
    affine: NDArray[np.float64] = np.asarray(form, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise GeometryError(f"{file}: its affine cannot be inverted: {affine.tolist()}")
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.abs(axes.T @ axes - np.eye(3)).max() > _PERPENDICULAR:
        raise GeometryError(f"{file}: its axes are not perpendicular: {affine.tolist()}")
    return affine


def _to_superior_posterior_left(
    array: NDArray[Any], affine: NDArray[np.float64]
) -> tuple[NDArray[Any], Geometry]:
    """Turn and flip axes so that the array is (k, j, i); `affine` maps its (i, j, k) to LPS."""
    turn = io_orientation(affine)  # for each axis: the world axis nearest, and the direction
    order = [int(np.flatnonzero(turn[:, 0] == world)[0]) for world in (2, 1, 0)]
    steps = affine[:, [*order, 3]].copy()
    moved = array.transpose(order)
    for axis, old in enumerate(order):
        if turn[old, 1] < 0:
            moved = np.flip(moved, axis)
            steps[:, 3] += steps[:, axis] * (moved.shape[axis] - 1)
            steps[:, axis] *= -1
    k, j, i = moved.shape
    return moved, Geometry(shape=(k, j, i), affine=steps)
