"""Rigid registration of MR onto CT: known moves up to 15 degrees and 40 mm, recovered or refused.

Pairs: the soft-tissue sarcomas of IBSI (MR T1 and CT of a thigh or buttock, cropped around the
tumour), where ../shared/data has them, and the hand-built head of the tests with its simulated MR.
The move that brings the MR onto the CT is not exactly known on real pairs: each trial is held
against the registration of the MR where it stands (how repeatable it is), and that against the
place where the data set puts it (told beside it). Wrong pairs (noise, the MR of another part of the
body, upside down) have to be refused. Prints one row a pair.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oligocount.config import load_settings
from oligocount.domain.registration import Registration
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.intake.nifti import read_nifti_volume
from oligocount.quantify.register import register
from oligocount.simulate.mr import MrPart, simulate_mr

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "ibsi_sts"
MOST_DEG, MOST_MM = 15.0, 40.0
CLOSE_MM, CLOSE_DEG = 2.0, 1.0
SETTINGS = load_settings().quantify.register


def pairs() -> Iterator[tuple[str, Volume, Volume, np.ndarray]]:
    """Name, MR, CT, and the move that the data set holds for true."""
    for folder in sorted(DATA.glob("STS_*")) if DATA.is_dir() else ():
        mr, _ = read_nifti_volume(folder / "MR_T1_image.nii.gz", Unit.ARBITRARY)
        ct, _ = read_nifti_volume(folder / "CT_image.nii.gz", Unit.HU)
        yield folder.name, mr, ct, np.eye(4)
    sys.path.insert(0, str(ROOT / "tests" / "simulate"))
    import head_and_liver  # noqa: PLC0415 - the tests' own phantom

    phantom = head_and_liver.phantom()
    made = simulate_mr(phantom, MrPart.BRAIN)
    if made is not None and phantom.ct is not None:
        yield "phantom head", made.series["t1_contrast"], phantom.ct, made.to_pet


def moved(volume: Volume, matrix: np.ndarray) -> Volume:
    """The volume put elsewhere."""
    geometry = Geometry(shape=volume.geometry.shape, affine=matrix @ volume.geometry.affine)
    return Volume(array=volume.array, unit=volume.unit, geometry=geometry)


def centre_of(volume: Volume) -> np.ndarray:
    """The middle of the grid."""
    return volume.geometry.to_lps_mm((np.array(volume.geometry.shape) - 1) / 2)


def random_move(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """A turn about the centre of up to 15 degrees and a shift of up to 40 mm."""
    x, y, z = (axis := rng.normal(size=3)) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(rng.uniform(-MOST_DEG, MOST_DEG))
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    shift = rng.normal(size=3)
    shift *= rng.uniform(0, MOST_MM) / np.linalg.norm(shift)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, centre + shift - turn @ centre
    return matrix


def apart(one: np.ndarray, other: np.ndarray, centre: np.ndarray) -> tuple[float, float]:
    """Millimetres at the centre and degrees between two moves."""
    left = one @ np.linalg.inv(other)
    there = (other @ [*centre, 1])[:3]
    gap = float(np.linalg.norm((left @ [*there, 1])[:3] - there))
    cosine = (np.trace(left[:3, :3]) - 1) / 2
    return gap, float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def trial(mr: Volume, ct: Volume, matrix: np.ndarray) -> tuple[Registration, float]:
    """The registration of a moved MR and the processor's seconds."""
    begun = time.process_time()
    return register(moved(mr, matrix), ct, SETTINGS), time.process_time() - begun


def wrong_pairs(mr: Volume) -> Iterator[tuple[str, Volume]]:
    """What must not be believed: noise, and the MR with its head where its feet were."""
    rng = np.random.default_rng(0)
    noise = rng.random(mr.array.shape).astype(np.float32)
    yield "noise", Volume(array=noise, unit=mr.unit, geometry=mr.geometry)
    turned = np.ascontiguousarray(mr.array[::-1, ::-1])
    yield "upside down", Volume(array=turned, unit=mr.unit, geometry=mr.geometry)


def main() -> None:
    """Print a row a pair and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5, help="moves a pair")
    parser.add_argument("--only", default="", help="pairs whose name holds this")
    arguments = parser.parse_args()
    good = wrong = refused = 0
    for name, mr, ct, truth in pairs():
        if arguments.only not in name:
            continue
        centre = centre_of(mr)
        zero, seconds = trial(mr, ct, np.eye(4))
        if zero.move is None:
            print(f"{name}: refused where it stands: {zero.reason} ({seconds:.0f} s)", flush=True)
            refused += arguments.trials
            continue
        off = apart(zero.move.matrix, truth, centre)
        print(f"{name}: {off[0]:.1f} mm, {off[1]:.1f} deg from the data set's own; {zero.reason};"
              f" {seconds:.0f} s", flush=True)  # fmt: skip
        rng = np.random.default_rng(len(name))
        for _ in range(arguments.trials):
            known = random_move(rng, centre)
            outcome, seconds = trial(mr, ct, known)
            if outcome.move is None:
                refused += 1
                print(f"    refused: {outcome.reason}", flush=True)
                continue
            gap, angle = apart(outcome.move.matrix @ known, zero.move.matrix, centre)
            is_close = gap <= CLOSE_MM and angle <= CLOSE_DEG
            good, wrong = good + is_close, wrong + (not is_close)
            print(f"    {gap:.2f} mm, {angle:.2f} deg, {seconds:.0f} s", flush=True)
        for what, image in wrong_pairs(mr):
            outcome = register(image, ct, SETTINGS)
            told = f"refused: {outcome.reason}" if outcome.move is None else "BELIEVED"
            print(f"    {what}: {told} (information {outcome.information:.2f})", flush=True)
    total = max(good + wrong + refused, 1)
    print(f"within {CLOSE_MM:g} mm and {CLOSE_DEG:g} degree: {good} of {total};"
          f" refused {refused}; believed and wrong {wrong}")  # fmt: skip


if __name__ == "__main__":
    main()
