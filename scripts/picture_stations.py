"""Draws nodal stations over a phantom's CT and, where the reference data lie beside, a real CT.

  python scripts/picture_stations.py scripts/pictures/stations.png

The real CT is TotalSegmentator's example (Apache-2.0) with its own organ map.
"""

import argparse
import colorsys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from oligocount.anatomy import map_anatomy
from oligocount.anatomy.labelmap import GivenMap, label_table
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_volume
from oligocount.intake.nifti import read_nifti_labels, read_nifti_volume
from oligocount.simulate.grids import Extent
from oligocount.simulate.phantom import Burden, simulate

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "totalsegmentator_example"
SEED, PIXEL_MM, HALF_MM = 12, 1.0, (115.0, 150.0)
MODEL = ModelInfo(name="picture", version="1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One patient's slices, by landmark plus offset in mm."""

    title: str
    ct: Volume
    anatomy: Anatomy
    levels: tuple[tuple[str, float], ...]


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    rows = [phantom_row(), *([real_row()] if DATA.is_dir() else [])]
    drawn = [np.concatenate([panel(row, *level) for level in row.levels], axis=1) for row in rows]
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(drawn)).save(file, optimize=True)
    print(file)


def phantom_row() -> Row:
    """A phantom without lesions, on its true organ map."""
    phantom = simulate(SEED, spacing_mm=3.5, extent=Extent.WHOLE_BODY, burden=Burden.NONE)
    if phantom.ct is None:
        raise SystemExit(f"phantom {SEED} has no CT")
    images = AlignedImages(suv=phantom.pet, ct=phantom.ct)
    levels = (("z_apex_r", 12.0), ("z_carina", 18.0), ("z_carina", -22.0), ("z_egj", 0.0),
              ("z_coeliac", 0.0))  # fmt: skip
    return mapped("synthetic", phantom.ct, phantom.organs, images, levels)


def real_row() -> Row:
    """The real CT from the lung bases to the thighs, with the map that came with it."""
    ct, _ = read_nifti_volume(DATA / "ct.nii.gz", Unit.HU)
    labels, _ = read_nifti_labels(DATA / "organs.nii.gz")
    names = dict(label_table("totalsegmentator_v2"))
    organs = LabelMap(array=labels.array, names=names, geometry=labels.geometry)
    grid = axial_grid(ct.geometry, (3.0, 3.0, 3.0))
    ct = resample_volume(ct, grid, outside=-1000.0)
    body = (ct.array > -300).astype(np.float32)
    images = AlignedImages(suv=Volume(array=body, unit=Unit.SUVBW, geometry=grid), ct=ct)
    levels = (("z_dome_r", -25.0), ("z_egj", 0.0), ("z_coeliac", 0.0), ("z_lrv", -15.0),
              ("z_bif", -60.0))  # fmt: skip
    return mapped("real", ct, organs, images, levels)


def mapped(
    title: str, ct: Volume, organs: LabelMap, images: AlignedImages,
    levels: tuple[tuple[str, float], ...],
) -> Row:  # fmt: skip
    """The row with its anatomy."""
    provider = GivenMap(given=organs, model=MODEL)
    anatomy = map_anatomy(provider(images), images, load_settings().anatomy)
    return Row(title=title, ct=ct, anatomy=anatomy, levels=levels)


def panel(row: Row, landmark: str, offset_mm: float) -> np.ndarray:
    """One axial slice with its stations in colour and their AJCC 8 or JES names."""
    stations = row.anatomy.stations
    mark = row.anatomy.landmarks.get(landmark)
    if stations is None or mark is None:
        raise SystemExit(f"{row.title}: nothing to draw at {landmark}")
    grid = plane(mark.value_mm + offset_mm, row.anatomy)
    grey = resample_volume(replace(row.ct, array=row.ct.array), grid, outside=-1000.0).array[0]
    shade = np.clip((grey + 160) / 400, 0, 1)[..., None].repeat(3, axis=-1)
    names = {n: row.anatomy.station_entries[name].station.key
             for n, name in stations.names.items()}  # fmt: skip
    index = stations.geometry.to_index(points(grid))
    index = np.clip(np.round(index).astype(int), 0, np.array(stations.array.shape) - 1)
    labels = stations.array[tuple(index.T)].reshape(shade.shape[:2])
    keys = sorted(set(names.values()))
    for number in np.unique(labels[labels > 0]):
        colour = np.array(colorsys.hsv_to_rgb(keys.index(names[number]) * 0.618 % 1, 0.75, 1.0))
        inside = labels == number
        shade[inside] = 0.55 * shade[inside] + 0.45 * colour
    image = Image.fromarray((shade * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for key in sorted({names[n] for n in np.unique(labels[labels > 0])}):
        same = np.isin(labels, [n for n, name in names.items() if name == key])
        if same.sum() > 90:
            rows, columns = np.nonzero(same)
            middle = np.abs(rows - np.median(rows)) + np.abs(columns - np.median(columns))
            best = int(middle.argmin())
            draw.text((columns[best], rows[best]), key, anchor="mm", fill="white",
                      stroke_width=1, stroke_fill="black")  # fmt: skip
    draw.text((4, 4), f"{row.title}, {landmark[2:]} {offset_mm:+.0f} mm", fill="white")
    return np.asarray(image)


def plane(z_mm: float, anatomy: Anatomy):
    """A slice of square pixels around the midline, in front of and behind the spine's front."""
    stations = anatomy.stations
    if stations is None:
        raise SystemExit("no stations")
    marked = np.argwhere(stations.array > 0).mean(axis=0)
    x, y, _ = stations.geometry.to_lps_mm(marked)
    rows, columns = (int(2 * half / PIXEL_MM) for half in HALF_MM)
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = PIXEL_MM
    affine[:3, 3] = (x - HALF_MM[1], y - HALF_MM[0], z_mm)
    affine[3, 3] = 1.0
    return type(stations.geometry)(shape=(1, rows, columns), affine=affine)


def points(grid) -> np.ndarray:
    """LPS mm of every pixel."""
    index = np.stack(np.indices(grid.shape), axis=-1).reshape(-1, 3).astype(float)
    found: np.ndarray = grid.to_lps_mm(index)
    return found


if __name__ == "__main__":
    main()
