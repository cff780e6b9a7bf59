"""Rebuild the simulator's patients from organ maps and judge them, or add another patient.

    python scripts/anatomy.py MAPS                         labels of every shipped patient
    python scripts/anatomy.py MAPS 18 39 --fields          two of them, with displacement fields
    python scripts/anatomy.py MAPS --fields --out NEW.npz  all of it, written
    python scripts/anatomy.py MAPS 18 --add 5 --out NEW.npz   patients.npz with patient 5 besides

MAPS holds map_001.nii.gz and so on: 1 spleen, 2 kidneys, 3 liver, 4 urinary bladder, 5 lungs,
6 brain, 7 heart, 8 stomach, 9 prostate; others are dropped. Zero is the apex (z) and the middle
(y, x) of the lungs, specks left out. Of each patient it makes, and compares with what is shipped,

- the labels, on the grid of 4 mm of configs/simulator/patients.npz, by the nearest voxel;
- the range of z in which they are trusted: the map, less the head where the crown is cut off;
- with --fields, the displacement to the template (scripts/anatomy_field.py; 10 s of one core
  each). Printed for the shipped and the rebuilt field: Dice of the template's organs brought onto
  the patient's, the 5th percentile and the least of the Jacobian determinant (template volume per
  patient volume; negative = folded), and the share of the patient's organs under template bones.

--add takes the same steps for patients that are not shipped and puts them among those for
training. Look at the figures it prints: an organ with a Dice below 0.5 was badly labelled or lies
where the template cannot follow. The maps hold neither skin nor bone: look at outline and pelvis
too. To simulate with the file that --out names, put it in the place of
configs/simulator/patients.npz. The shipped file itself is never written.

Not rebuilt: template.npz, which was partly drawn by hand; which patients are held out.
Exit code 1 where labels differ in more than 20 voxels or a range of z differs, 2 for bad input.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from anatomy_field import OrganDepths, find_field, main_pieces, template_depths
from anatomy_fit import Fit, judged
from numpy.typing import NDArray

from oligocount.domain.volume import LabelMap
from oligocount.errors import OligocountError
from oligocount.intake.nifti import read_nifti_labels
from oligocount.resources import shipped_folder
from oligocount.simulate.atlas import PATIENT_ORGANS, PatientOrgans, Template, load_template

LUNG, LIVER, BRAIN, PROSTATE = map(PATIENT_ORGANS.index, ("lung", "liver", "brain", "prostate"))
MOST_DIFFERING = 20  # of four million: rounding where a voxel lies halfway between two
LEAST_ABOVE_CROWN_MM = 14.0  # less free room than that above a brain: its crown may be cut off
BELOW_BRAIN_MM = 10.0  # such a head is not trusted from here up
NECK_MM = 90.0  # above the lungs: without a brain nothing is trusted from here up
LEAST_DICE = 0.5  # below it a user is told
SHIPPED = shipped_folder("configs") / "simulator" / "patients.npz"


def lungs_centre(lungs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The place (k, j, i) of a patient's zero: top of the lungs, their mean j, their middle i.

    Raises ValueError where there is no lung.
    """
    lungs = main_pieces(lungs)
    if not lungs.any():
        raise ValueError("no lungs: zero of the simulator's grid is their apex")
    k = np.flatnonzero(lungs.any(axis=(1, 2)))
    i = np.flatnonzero(lungs.any(axis=(0, 1)))
    j = np.average(np.arange(lungs.shape[1]), weights=lungs.sum(axis=(0, 2)))
    return np.array([k[-1], j, (i[0] + i[-1]) / 2])


def on_grid(
    organs: LabelMap,
    centre: NDArray[np.float64],
    origin_mm: NDArray[Any],
    spacing_mm: float,
    shape: tuple[int, ...],
) -> NDArray[np.uint8]:
    """The organs that the simulator knows on its grid about `centre`, by the nearest voxel."""
    array = organs.array
    steps = np.linalg.norm(organs.geometry.affine[:3, :3], axis=0)
    taken, there = [], []
    for d in range(3):
        mm = origin_mm[d] + spacing_mm * np.arange(shape[d])
        index = np.rint(mm / steps[d] + centre[d]).astype(int)
        inside = (index >= 0) & (index < array.shape[d])
        taken.append(index[inside])
        there.append(inside)
    out = np.zeros(shape, np.uint8)
    out[np.ix_(*there)] = array[np.ix_(*taken)]
    out[out >= len(PATIENT_ORGANS)] = 0
    return out


def trusted_z(
    organs: LabelMap,
    apex: float,
    labels: NDArray[np.uint8],
    origin_mm: NDArray[Any],
    spacing_mm: float,
) -> tuple[float, float]:
    """The range of z (mm) of the map, less a head whose crown may be cut off or without a brain."""
    step = float(np.linalg.norm(organs.geometry.affine[:3, 0]))
    low, top = -apex * step, (organs.array.shape[0] - 1 - apex) * step
    brain = np.flatnonzero((labels == BRAIN).any(axis=(1, 2)))
    if not brain.size:
        return low, min(top + step, NECK_MM)
    base, crown = (origin_mm[0] + spacing_mm * k for k in (brain[0], brain[-1]))
    if top - crown < LEAST_ABOVE_CROWN_MM:
        return low, float(base - BELOW_BRAIN_MM)
    return low, top + step


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What patients are made with: the folder of maps and the shipped file."""

    maps: Path
    shipped: dict[str, NDArray[Any]]

    def patient(self, number: int) -> PatientOrgans:
        """One patient from his organ map, his field all zero.

        Raises ValueError where the map cannot be brought onto the grid.
        """
        file = self.maps / f"map_{number:03d}.nii.gz"
        if not file.is_file():
            raise ValueError(f"there is no {file}")
        organs, _ = read_nifti_labels(file)
        pattern = int(self.shipped["training"][0])
        origin = self.shipped["origin_mm"].astype(float)
        spacing = float(self.shipped["spacing_mm"])
        centre = lungs_centre(organs.array == LUNG)
        labels = on_grid(organs, centre, origin, spacing, self.shipped[f"labels_{pattern}"].shape)
        liver = np.argwhere(labels == LIVER)
        if liver.size and origin[2] + spacing * liver[:, 2].mean() > 0:
            raise ValueError("the liver lies left of the middle of the lungs: is one lung missing?")
        return PatientOrgans(
            number=number,
            labels=labels,
            spacing_mm=spacing,
            origin_mm=origin,
            field=np.zeros(self.shipped[f"field_{pattern}"].shape, np.float32),
            node_mm=float(self.shipped["node_mm"]),
            field_origin_mm=self.shipped["field_origin_mm"].astype(float),
            z_range_mm=trusted_z(organs, centre[0], labels, origin, spacing),
        )

    def shipped_patient(self, made: PatientOrgans) -> PatientOrgans:
        """The shipped patient of the same number."""
        low, high = self.shipped[f"z_{made.number}"]
        return replace(
            made,
            labels=self.shipped[f"labels_{made.number}"],
            field=np.cumsum(self.shipped[f"field_{made.number}"], axis=1, dtype=np.float32),
            z_range_mm=(float(low), float(high)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What displacement fields are made with: the template and its organs."""

    template: Template
    target: OrganDepths

    def given_to(self, patient: PatientOrgans) -> tuple[PatientOrgans, Fit]:
        """The patient with a rebuilt field, and how well it fits."""
        rebuilt = replace(patient, field=find_field(patient, self.target))
        return rebuilt, judged(rebuilt, self.template)


@cache
def shipped_fields() -> Fields:
    """Fields onto the shipped template; worked out when first asked for."""
    template = load_template()
    return Fields(template, template_depths(template))


def stored(patient: PatientOrgans) -> dict[str, NDArray[Any]]:
    """A patient as patients.npz holds him: his field as steps along z in whole mm."""
    return {
        f"labels_{patient.number}": patient.labels,
        f"field_{patient.number}": np.diff(patient.field, axis=1, prepend=0).astype(np.int16),
        f"z_{patient.number}": np.array(patient.z_range_mm, np.float32),
    }


def told(fit: Fit) -> str:
    """One line of figures."""
    organs = " ".join(f"{name} {dice:.2f}" for name, dice in fit.dice.items())
    return (
        f"Dice {fit.mean_dice:.3f} Jacobian 5th {fit.volume_5th:.2f} least {fit.volume_least:.2f} "
        f"under bone {100 * fit.bone_inside:.1f} % | {organs}"
    )


def compare(
    work: Workshop, made: PatientOrgans, fields: Fields | None
) -> tuple[PatientOrgans, bool, list[Fit]]:
    """Prints a shipped patient beside what was rebuilt of him.

    Returns what to keep, whether labels and range of z are as shipped, and with `fields` the fit
    of the shipped and of the rebuilt one.
    """
    own = work.shipped_patient(made)
    differing = int((made.labels != own.labels).sum())
    z = "as shipped" if np.allclose(made.z_range_mm, own.z_range_mm, atol=0.5) else "not as shipped"
    print(
        f"patient {made.number}: {differing} of {int((own.labels > 0).sum())} organ voxels differ; "
        f"trusted z {made.z_range_mm[0]:.0f} to {made.z_range_mm[1]:.0f} {z}",
        flush=True,
    )
    same = differing <= MOST_DIFFERING and z == "as shipped"
    if fields is None:
        return replace(made, field=own.field), same, []
    # Both fields are judged on the shipped labels, on which the shipped field was made.
    before = judged(own, fields.template)
    print(f"  shipped: {told(before)}", flush=True)
    rebuilt, after = fields.given_to(own)
    print(f"  rebuilt: {told(after)}", flush=True)
    return replace(made, field=rebuilt.field), same, [before, after]


def add(work: Workshop, number: int, fields: Fields) -> PatientOrgans:
    """A patient who is not shipped, with his field."""
    made, fit = fields.given_to(work.patient(number))
    low, high = made.z_range_mm
    print(f"patient {number} added: trusted z {low:.0f} to {high:.0f}", flush=True)
    print(f"  {told(fit)}", flush=True)
    missing = [n for k, n in enumerate(PATIENT_ORGANS) if n and not (made.labels == k).any()]
    if missing:
        print(f"  not in the map: {', '.join(missing)}")
    if not (made.labels == PATIENT_ORGANS.index("prostate")).any():
        print("  simulated as a woman, for want of a prostate")
    poor = [name for name, dice in fit.dice.items() if dice < LEAST_DICE]
    if poor:
        print(f"  look at {', '.join(poor)}: the template does not reach what the map holds")
    return made


def parsed() -> argparse.Namespace:
    """The arguments, checked against each other and what is shipped."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("maps", type=Path, help="the folder of organ maps")
    parser.add_argument("patients", type=int, nargs="*", help="shipped patients; default: all")
    parser.add_argument("--fields", action="store_true", help="rebuild and judge the fields too")
    parser.add_argument("--add", type=int, nargs="+", default=[], metavar="N", help="new patients")
    parser.add_argument("--out", type=Path, help="write patients.npz with all that was made")
    given = parser.parse_args()
    with np.load(SHIPPED) as content:
        given.shipped = dict(content)
    known = [int(n) for n in (*given.shipped["training"], *given.shipped["held_out"])]
    if not given.maps.is_dir():
        parser.error(f"{given.maps} is no folder")
    if strange := [n for n in given.patients if n not in known]:
        parser.error(f"not shipped: {strange}; --add makes them. Shipped: {sorted(known)}")
    if twice := [n for n in given.add if n in known]:
        parser.error(f"shipped already: {twice}")
    if given.add and not given.out:
        parser.error("--add needs --out FILE to write")
    if given.out and given.out.resolve() == SHIPPED.resolve():
        parser.error("the shipped file is not overwritten: name another and look at it first")
    given.patients = given.patients or ([] if given.add else known)
    return given


def summed(fits: list[list[Fit]]) -> None:
    """Prints the means over patients of shipped and rebuilt fields."""
    for name, own in zip(("shipped", "rebuilt"), zip(*fits, strict=True), strict=True):
        organs = {n for fit in own for n in fit.dice}
        dice = {n: np.mean([f.dice[n] for f in own if n in f.dice]) for n in sorted(organs)}
        print(
            f"{name}, mean of {len(own)}: Dice {np.mean([f.mean_dice for f in own]):.3f}, "
            f"Jacobian 5th {np.mean([f.volume_5th for f in own]):.2f}, "
            f"least {min(f.volume_least for f in own):.2f}, "
            f"folded {sum(f.volume_least <= 0 for f in own)}, "
            f"under bone {100 * np.mean([f.bone_inside for f in own]):.1f} %"
        )
        print("  " + ", ".join(f"{n} {d:.2f}" for n, d in dice.items()))


def main() -> int:
    """Says how each patient compares, and writes what was asked for."""
    given = parsed()
    work = Workshop(given.maps, given.shipped)
    out, same, fits, begun = dict(given.shipped), True, [], monotonic()
    try:
        for turn, number in enumerate(given.patients, 1):
            wanted = shipped_fields() if given.fields else None
            kept, alike, fit = compare(work, work.patient(number), wanted)
            same &= alike
            out |= stored(kept)
            fits += [fit] if fit else []
            print(f"  {turn} of {len(given.patients)}, {monotonic() - begun:.0f} s", flush=True)
        for number in given.add:
            out |= stored(add(work, number, shipped_fields()))
            out["training"] = np.append(out["training"], np.int16(number))
    except (OligocountError, ValueError) as problem:
        print(f"anatomy: patient {number}: {problem}", file=sys.stderr)
        return 2
    if len(fits) > 1:
        summed(fits)
    if given.out is not None:
        np.savez_compressed(given.out, **out)
        print(f"written: {given.out}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
