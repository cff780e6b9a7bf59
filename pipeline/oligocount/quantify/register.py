"""Rigid registration of an MR into the frame of the PET/CT: Mattes mutual information.

The MR is ITK's fixed image, so that every sample of it falls somewhere in the larger PET/CT.
A coarse search over positions (`register_search`) gives several starts; each is refined over
two resolutions, and the best is refined again from disturbed starts. Where these do not come
back to one place, or too little information is shared, nothing is believed. Every voxel of tissue
is sampled and both images are smoothed to the last: noise and sparse samples leave optima of
their own, millimetres off, in which a descent stays.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from oligocount.domain.registration import MoveSource, Registration, RigidMove
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.geometry.affine import axial_grid, regrid
from oligocount.geometry.resample import resample_volume, to_sitk
from oligocount.quantify.register_search import Pair, Start, foreground, search
from oligocount.settings_quantify import RegisterSettings

Matrix = NDArray[np.float64]
_AIR_HU = -1000.0
_SHRINK = (2, 1)
_DISTURBANCES = (  # degrees about x, y, z and mm along them, none along the turn it goes with
    ((5.0, 0.0, 0.0), (0.0, 6.0, 0.0)),
    ((-5.0, 0.0, 0.0), (0.0, 0.0, -6.0)),
    ((0.0, 5.0, 0.0), (0.0, 0.0, 6.0)),
    ((0.0, 0.0, -5.0), (-6.0, 0.0, 0.0)),
)


def register(
    mr: Volume, onto: Volume, settings: RegisterSettings, *, around: Geometry | None = None
) -> Registration:
    """The rigid move of `mr` into the frame of `onto`, or a refusal with its reason.

    `onto` is a CT in HU or a PET in SUV; `around` is the box of it in which the MR must lie (the
    head, the liver); without it the whole of `onto` is searched.
    """
    pair = _pair(mr, onto, around, settings)
    starts = search(pair, settings)
    if not starts:
        return _refused("nowhere do the two images overlap enough")
    first = min((_refined(pair, one, settings) for one in starts), key=_cost)
    again = [_refined(pair, one, settings) for one in _disturbed(first, pair)]
    best = min((first, *again), key=_cost)
    spread_mm = float(np.median([_apart_mm(best, one, pair) for one in again]))
    return _judged(pair, best, spread_mm, settings)


def _pair(mr: Volume, onto: Volume, around: Geometry | None, settings: RegisterSettings) -> Pair:
    """Both images on isotropic grids, intensities tamed."""
    step = (settings.spacing_mm,) * 3
    small = resample_volume(mr, regrid(mr.geometry, step), outside=0.0)
    outside = _AIR_HU if onto.unit is Unit.HU else 0.0
    grid = axial_grid(around or onto.geometry, step)
    large = resample_volume(onto, grid, outside=outside)
    if onto.unit is Unit.HU:
        values = np.clip(large.array, settings.window_hu[0], settings.window_hu[1])
    else:
        values = np.log1p(np.clip(large.array, 0, settings.max_suv))
    top = float(np.percentile(small.array[small.array > 0], 99)) if (small.array > 0).any() else 1.0
    return Pair(
        mr=Volume(array=np.clip(small.array, 0, top), unit=mr.unit, geometry=small.geometry),
        onto=Volume(array=values, unit=onto.unit, geometry=grid),
        mask=foreground(small.array, settings, spacing_mm=settings.spacing_mm),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    matrix: Matrix
    cost: float


def _cost(fit: _Fit) -> float:
    return fit.cost


def _refined(pair: Pair, start: Start, settings: RegisterSettings) -> _Fit:
    """The nearest optimum of mutual information from a start."""
    fixed, moving = (to_sitk(one.array, one.geometry) for one in (pair.mr, pair.onto))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(settings.bins)
    method.SetMetricFixedMask(to_sitk(pair.mask.astype(np.uint8), pair.mr.geometry))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=settings.first_step_mm,
        minStep=settings.last_step_mm,
        numberOfIterations=settings.iterations,
        relaxationFactor=0.6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(list(_SHRINK))
    method.SetSmoothingSigmasPerLevel(list(settings.smooth_mm))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    transform = sitk.Euler3DTransform()
    transform.SetCenter(pair.centre_mm.tolist())
    transform.SetMatrix(start.matrix[:3, :3].ravel().tolist(), tolerance=1e-6)
    shift = start.matrix[:3, :3] @ pair.centre_mm + start.matrix[:3, 3] - pair.centre_mm
    transform.SetTranslation(shift.tolist())
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # all samples left the other image
        return _Fit(start.matrix, np.inf)
    return _Fit(_matrix(transform), float(method.GetMetricValue()))


def _matrix(transform: sitk.Euler3DTransform) -> Matrix:
    turn = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre + shift - turn @ centre
    return matrix


def _disturbed(best: _Fit, pair: Pair) -> list[Start]:
    """Starts some millimetres and degrees off the optimum, to all sides."""
    out = []
    for angles_deg, shift_mm in _DISTURBANCES:
        turn = sitk.Euler3DTransform()
        turn.SetCenter((best.matrix @ [*pair.centre_mm, 1])[:3].tolist())
        turn.SetRotation(*np.radians(angles_deg).tolist())
        turn.SetTranslation(shift_mm)
        out.append(Start(matrix=_matrix(turn) @ best.matrix, score=0.0))
    return out


def _apart_mm(one: _Fit, other: _Fit, pair: Pair) -> float:
    """The farthest that two moves put the MR's tissue apart, at the corners of its box."""
    corners = pair.corners_mm
    gap = corners @ (one.matrix - other.matrix)[:3].T
    return float(np.linalg.norm(gap, axis=1).max())


def _judged(pair: Pair, best: _Fit, spread_mm: float, settings: RegisterSettings) -> Registration:
    information, overlap = -best.cost, pair.overlap(best.matrix)
    reason = ""
    if overlap < settings.min_overlap:
        reason = f"only {overlap:.0%} of the MR lies within the other image"
    elif information < settings.min_information:
        reason = f"the images share too little information ({information:.2f})"
    elif spread_mm > settings.max_spread_mm:
        reason = f"repeated runs end up to {spread_mm:.1f} mm apart"
    told = (
        f"information {information:.2f}, repeated within {spread_mm:.1f} mm, overlap {overlap:.0%}"
    )
    move = None
    if not reason:
        uncertainty_mm = max(settings.least_uncertainty_mm, spread_mm)
        move = RigidMove(
            matrix=best.matrix, source=MoveSource.REGISTERED, uncertainty_mm=uncertainty_mm
        )
    return Registration(
        move=move,
        information=information,
        spread_mm=spread_mm,
        overlap=overlap,
        reason=reason or told,
    )


def _refused(reason: str) -> Registration:
    return Registration(
        move=None, information=0.0, spread_mm=float("inf"), overlap=0.0, reason=reason
    )
