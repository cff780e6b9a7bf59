"""From a start to the nearest optimum of Mattes mutual information, with ITK.

The MR is ITK's fixed image, so that every sample of it falls somewhere in the larger PET/CT. Every
voxel of tissue is sampled and both images are smoothed to the last: noise and sparse samples leave
optima of their own, millimetres off, in which a descent stays. A quick run stops at the coarse
resolution: enough to compare starts.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from oligocount.geometry.resample import to_sitk
from oligocount.quantify.register_search import Matrix, Pair, shift_of, turned_and_shifted
from oligocount.settings_quantify import RegisterSettings

_SHRINK = (2, 1)
_DISTURBANCES = (  # degrees about x, y, z and mm along them, none along the turn it goes with
    ((5.0, 0.0, 0.0), (0.0, 6.0, 0.0)),
    ((-5.0, 0.0, 0.0), (0.0, 0.0, -6.0)),
    ((0.0, 5.0, 0.0), (0.0, 0.0, 6.0)),
    ((0.0, 0.0, -5.0), (-6.0, 0.0, 0.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """An optimum: the move, and the metric there (mutual information in nats, negative)."""

    matrix: Matrix
    cost: float


def refined(pair: Pair, start: Matrix, settings: RegisterSettings, *, quick: bool = False) -> Fit:
    """The nearest optimum from a start; infinite cost where the images come apart."""
    levels = 1 if quick else len(_SHRINK)
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
    method.SetShrinkFactorsPerLevel(list(_SHRINK[:levels]))
    method.SetSmoothingSigmasPerLevel(list(settings.smooth_mm[:levels]))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    transform = _transform(start, pair.centre_mm)
    method.SetInitialTransform(transform, inPlace=True)
    fixed, moving = (to_sitk(one.array, one.geometry) for one in (pair.mr, pair.onto))
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # all samples left the other image
        return Fit(matrix=start, cost=np.inf)
    return Fit(matrix=_matrix(transform), cost=float(method.GetMetricValue()))


def disturbed(matrix: Matrix, centre_mm: NDArray[np.float64]) -> list[Matrix]:
    """Moves some millimetres and degrees off, to all sides."""
    out = []
    for angles_deg, shift_mm in _DISTURBANCES:
        turn = sitk.Euler3DTransform()
        turn.SetCenter((matrix @ [*centre_mm, 1])[:3].tolist())
        turn.SetRotation(*np.radians(angles_deg).tolist())
        turn.SetTranslation(shift_mm)
        out.append(_matrix(turn) @ matrix)
    return out


def _transform(matrix: Matrix, centre_mm: NDArray[np.float64]) -> sitk.Euler3DTransform:
    transform = sitk.Euler3DTransform()
    transform.SetCenter(centre_mm.tolist())
    transform.SetMatrix(matrix[:3, :3].ravel().tolist(), tolerance=1e-6)
    transform.SetTranslation(shift_of(matrix, centre_mm).tolist())
    return transform


def _matrix(transform: sitk.Euler3DTransform) -> Matrix:
    turn = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    return turned_and_shifted(turn, shift, centre)
