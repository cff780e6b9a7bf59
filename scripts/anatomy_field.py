"""The displacement field of one patient: the template's organs brought onto his own.

The field lives on the nodes on which the simulator reads it (linear between them). It is the most
likely one under two things: how well the organs overlap (soft Dice of each organ that both have,
blurred widely at first and little at last) and how smooth it is (a Gaussian random field with a
Matérn spectrum, written in cosines); cells that nearly fold are punished. Organs at an end of the
scan count only as far as the scan goes. Method: Gaussian process morphable registration (Lüthi,
Gerig, Jud, Vetter, IEEE TPAMI 2018, doi 10.1109/TPAMI.2017.2739743), optimised by L-BFGS.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.fft import dct
from scipy.interpolate import RBFInterpolator

from oligocount.geometry.box import grown
from oligocount.simulate.atlas import PATIENT_ORGANS, PatientOrgans, Template

PAIRED = "kidney"
REACH_MM = 60.0  # how far from an organ its distance is known
SMALLEST_ML = 3.0  # a smaller organ is a remnant of the labelling
PIECE_SHARE = 0.2  # of the greatest piece: a smaller one is noise
SOFT_MM = (12.0, 6.0, 3.0)  # widths of an organ's blurred border, one round each
STEPS = 40  # of L-BFGS in each round
POINT_MM = 8.0  # between the points at which organs are compared
NEAR_MM = 32.0  # points lie within this of an organ
EDGE_MM = 6.0  # the simulator trusts a patient's organs up to this from the ends of his scan
LENGTH_MM = 60.0  # over which the field varies
SIZE_MM = 40.0  # and by how much, one standard deviation
STIFFNESS = 1e-4  # weight of smoothness against mean overlap
LEAST_VOLUME = 0.5  # of a cell, below which it is punished
FOLD_WEIGHT = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class OrganDepths:
    """Distance inside each organ (mm, negative outside): (organ, k, j, i) from `origin_mm`."""

    names: tuple[str, ...]
    depth_mm: torch.Tensor
    origin_mm: NDArray[np.float64]
    spacing_mm: float
    centres_mm: NDArray[np.float64]


def template_depths(template: Template) -> OrganDepths:
    """The template's organs that a patient may have, on every second voxel."""
    coarse = organ_numbers(template)[template.labels[::2, ::2, ::2]]
    return organ_depths(coarse, template.origin_mm, 2 * template.spacing_mm)


def organ_numbers(template: Template) -> NDArray[np.uint8]:
    """What each label of the template is among PATIENT_ORGANS; 0 = none of them."""
    table = np.zeros(256, np.uint8)
    for number, name in enumerate(PATIENT_ORGANS):
        if name:
            table[template.ids(name)] = number
    return table


def organ_depths(
    labels: NDArray[np.uint8], origin_mm: NDArray[np.float64], spacing_mm: float
) -> OrganDepths:
    """Each organ of `labels` (indices of PATIENT_ORGANS) that is more than a remnant.

    Raises ValueError where there is none.
    """
    masks = _masks(labels, origin_mm, spacing_mm)
    if not masks:
        raise ValueError("no organ of 3 ml or more")
    every = ndimage.find_objects(np.logical_or.reduce(list(masks.values())).astype(np.uint8))[0]
    box = grown(every, _reach(spacing_mm), labels.shape)
    depths = np.stack([_depth(mask[box], spacing_mm) for mask in masks.values()])
    start = np.array([b.start for b in box])
    return OrganDepths(
        names=tuple(masks),
        depth_mm=torch.from_numpy(depths),
        origin_mm=origin_mm + spacing_mm * start,
        spacing_mm=spacing_mm,
        centres_mm=np.stack(
            [origin_mm + spacing_mm * np.argwhere(m).mean(axis=0) for m in masks.values()]
        ),
    )


def _masks(
    labels: NDArray[np.uint8], origin_mm: NDArray[np.float64], spacing_mm: float
) -> dict[str, NDArray[np.bool_]]:
    left = origin_mm[2] + spacing_mm * np.arange(labels.shape[2]) > 0
    found = {}
    for number, name in enumerate(PATIENT_ORGANS):
        if not name:
            continue
        mask = labels == number
        parts = {name: mask}
        if name == PAIRED:
            parts = {f"{name}_left": mask & left, f"{name}_right": mask & ~left}
        for part, voxels in parts.items():
            main = main_pieces(voxels)
            if main.sum() * spacing_mm**3 >= 1000 * SMALLEST_ML:
                found[part] = main
    return found


def main_pieces(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without pieces that are small beside its greatest."""
    pieces, count = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    kept = np.concatenate([[False], sizes >= PIECE_SHARE * sizes.max(initial=0)])
    found: NDArray[np.bool_] = kept[pieces]
    return found


def _reach(spacing_mm: float) -> list[int]:
    return [int(np.ceil(REACH_MM / spacing_mm))] * 3


def _depth(mask: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.float32]:
    depth = np.full(mask.shape, -REACH_MM, np.float32)
    box = grown(ndimage.find_objects(mask.astype(np.uint8))[0], _reach(spacing_mm), mask.shape)
    part = mask[box]
    inside, outside = (ndimage.distance_transform_edt(p) for p in (part, ~part))
    # Borders lie half a voxel before the first voxel beyond them.
    own = spacing_mm * (inside - outside - np.where(part, 0.5, -0.5))
    depth[box] = np.clip(own, -REACH_MM, REACH_MM)
    return depth


def find_field(patient: PatientOrgans, target: OrganDepths) -> NDArray[np.float32]:
    """The displacement (3, k, j, i) in whole mm on the nodes of `patient.field`.

    Values of that field are not read, only its nodes are.

    Raises ValueError where patient and template share no organ within the trusted range of z.
    """
    own = _own_depths(patient)
    shared = [name for name in own.names if name in target.names]
    if not shared:
        raise ValueError("patient and template have no organ in common")
    pick = [own.names.index(n) for n in shared]
    wanted = [target.names.index(n) for n in shared]
    theirs = target.depth_mm[wanted][None]
    prior = _Prior(patient)
    start = _start(own.centres_mm[pick], target.centres_mm[wanted], patient)
    waves = prior.waves_of(start).requires_grad_()
    for turn, soft_mm in enumerate(SOFT_MM):
        points, depth = _points(own, pick, turn)
        _fit(waves, prior, points, depth, (theirs, target), soft_mm)
    field: NDArray[np.float32] = np.rint(prior.field(waves.detach()).numpy())
    return field


def _own_depths(patient: PatientOrgans) -> OrganDepths:
    known = known_slices(patient)
    return organ_depths(patient.labels[known], first_mm(patient, known.start), patient.spacing_mm)


def first_mm(patient: PatientOrgans, k: int) -> NDArray[np.float64]:
    """Where the first voxel (z, y, x) of slice `k` lies, in mm."""
    first: NDArray[np.float64] = patient.origin_mm + np.array([patient.spacing_mm * k, 0, 0])
    return first


def known_slices(patient: PatientOrgans) -> slice:
    """The slices in which the simulator trusts the patient's organs."""
    z = patient.origin_mm[0] + patient.spacing_mm * np.arange(patient.labels.shape[0])
    low, high = patient.z_range_mm
    known = np.flatnonzero((z > low + EDGE_MM) & (z < high - EDGE_MM))
    if not known.size:
        raise ValueError("nothing of the patient lies within the trusted range of z")
    return slice(int(known[0]), int(known[-1]) + 1)


def _start(
    own: NDArray[np.float64], theirs: NDArray[np.float64], patient: PatientOrgans
) -> torch.Tensor:
    """The field that moves the organs' centres, spread smoothly over the nodes."""
    shape = patient.field.shape[1:]
    nodes = patient.field_origin_mm + patient.node_mm * np.stack(
        np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    spread = RBFInterpolator(own, theirs - own, kernel="linear", degree=0, smoothing=30.0)
    return torch.from_numpy(spread(nodes).T.reshape(3, *shape).astype(np.float32))


class _Prior:
    """Smooth fields on a patient's nodes as sums of cosines; independent waves of deviation 1."""

    def __init__(self, patient: PatientOrgans) -> None:
        self.shape, self.node_mm = patient.field.shape[1:], patient.node_mm
        self.origin_mm = patient.field_origin_mm
        self._bases = [
            torch.from_numpy(dct(np.eye(n), norm="ortho", axis=0).astype(np.float32))
            for n in self.shape
        ]
        turns = np.meshgrid(
            *(np.pi * np.arange(n) / (n * self.node_mm) for n in self.shape), indexing="ij"
        )
        power = (1 + LENGTH_MM**2 * sum(t**2 for t in turns)) ** -3.0
        self._scale = torch.from_numpy((SIZE_MM * np.sqrt(power / power.mean())).astype(np.float32))

    def field(self, waves: torch.Tensor) -> torch.Tensor:
        """The displacement (3, k, j, i) that waves (3, k, j, i) make."""
        return torch.einsum("dabc,ak,bj,ci->dkji", waves * self._scale, *self._bases)

    def waves_of(self, field: torch.Tensor) -> torch.Tensor:
        """The waves that make a field."""
        return torch.einsum("dkji,ak,bj,ci->dabc", field, *self._bases) / self._scale


def _points(own: OrganDepths, pick: list[int], turn: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points (n, 3) in mm on a coarse lattice near the organs, and their depths (organ, n).

    Another `turn` takes other voxels.
    """
    step = max(1, round(POINT_MM / own.spacing_mm))
    first = [(turn >> d) % step for d in range(3)]
    cut = tuple(slice(f, None, step) for f in first)
    depth = own.depth_mm[(pick, *cut)]
    near = depth.amax(dim=0) > -NEAR_MM
    index = torch.nonzero(near).numpy() * step + first
    points = own.origin_mm + own.spacing_mm * index
    return torch.from_numpy(points.astype(np.float32)), depth[:, near]


def _sample(
    values: torch.Tensor, points: torch.Tensor, origin_mm: NDArray[np.float64], step_mm: float
) -> torch.Tensor:
    """Values (1, c, k, j, i) at points (n, 3) as (c, n), linear between voxels."""
    last = step_mm * (torch.tensor(values.shape[2:]) - 1)
    where = 2 * (points - torch.from_numpy(origin_mm.astype(np.float32))) / last - 1
    return torch.nn.functional.grid_sample(
        values, where.flip(-1)[None, None, None], padding_mode="border", align_corners=True
    )[0, :, 0, 0]


def _fit(
    waves: torch.Tensor,
    prior: _Prior,
    points: torch.Tensor,
    depth: torch.Tensor,
    theirs: tuple[torch.Tensor, OrganDepths],
    soft_mm: float,
) -> None:
    """Waves are changed in place: more overlap of organs, smooth, unfolded."""
    own = torch.sigmoid(depth / soft_mm)
    volumes, target = theirs
    climber = torch.optim.LBFGS([waves], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        climber.zero_grad()
        field = prior.field(waves)
        moved = points + _sample(field[None], points, prior.origin_mm, prior.node_mm).T
        found = torch.sigmoid(
            _sample(volumes, moved, target.origin_mm, target.spacing_mm) / soft_mm
        )
        dice = 2 * (own * found).sum(dim=1) / (own.sum(dim=1) + found.sum(dim=1))
        lack = torch.relu(LEAST_VOLUME - cell_volumes(field, prior.node_mm))
        total: torch.Tensor = (
            (1 - dice).mean()
            + STIFFNESS * waves.square().sum()
            + FOLD_WEIGHT * lack.square().mean()
        )
        total.backward()
        return total

    climber.step(loss)


def cell_volumes(field: torch.Tensor, node_mm: float) -> torch.Tensor:
    """Template volume per patient volume in each corner of each cell of nodes: (8, k, j, i).

    Negative where the field folds there.
    """
    corners = []
    for corner in product((0, 1), repeat=3):
        edges = []
        for axis in range(3):
            cut = [slice(c, n - 1 + c) for c, n in zip(corner, field.shape[1:], strict=True)]
            ahead = list(cut)
            cut[axis], ahead[axis] = slice(0, -1), slice(1, None)
            edge = (field[(slice(None), *ahead)] - field[(slice(None), *cut)]) / node_mm
            unit = torch.zeros(3)
            unit[axis] = 1
            edges.append(edge + unit.view(3, 1, 1, 1))
        corners.append((edges[0] * torch.linalg.cross(edges[1], edges[2], dim=0)).sum(dim=0))
    return torch.stack(corners)
