"""Where the lesions of one patient lie: primary, regional nodes, distant nodes and organs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import NodalClass, Side
from oligocount.domain.lesion import Kind
from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.places import (
    BETWEEN,
    INNER,
    node_places,
    peritoneal_places,
    pick,
    pick_deep,
)

REGIONAL = ("1R", "1L", "2R", "2L", "4R", "4L", "5", "6", "7", "8U", "8M", "8Lo", "9R", "9L",
            "10R", "10L", "15", "16", "17", "18", "19", "20")  # fmt: skip
BONE_NAMES = ("vertebrae_", "rib_", "sternum", "sacrum", "hip_", "femur_", "scapula_", "clavicula_",
              "humerus_", "skull")  # fmt: skip
_OUTER = ("skin", "subcutaneous_tissue", "muscle", "gluteus_", "autochthon_", "iliopsoas_")
_SOFT = (*_OUTER, "torso_fat", "body")
# What a node pushes aside: fat, muscle, lung and thin-walled veins, never another organ.
_NODE_HOSTS = ("skin", "subcutaneous_tissue", "muscle", "torso_fat", "body", "lung_", "azygos_vein",
               "brachiocephalic_vein", "internal_jugular", "superior_vena", "inferior_vena",
               "iliac_vena", "subclavian_vein")  # fmt: skip
_GLANDS = ("adrenal", "thyroid")  # a tumour outgrows the gland, and is the gland's all the same
_SWELLING = {"adrenal": INNER, "thyroid": BETWEEN, "peritoneum": INNER}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """One organ's lesions: where, how large, how hot (medians and geometric deviations)."""

    organ: str
    hosts: tuple[str, ...]
    weight: float
    suv: tuple[float, float]
    diameter_mm: tuple[float, float, float, float]  # median, deviation, least, most
    hu: tuple[float, float] | None


# Frequencies and sizes: project table 3.3 (Wu 2018 for sites; sizes and SUV design values).
ORGAN_SITES = (
    SiteRow(organ="liver", hosts=("liver",), weight=0.26, suv=(8, 1.6),
            diameter_mm=(22, 1.7, 8, 70), hu=(38, 8)),
    SiteRow(organ="lung", hosts=("lung_",), weight=0.24, suv=(4.5, 1.8),
            diameter_mm=(12, 1.6, 5, 35), hu=(30, 12)),
    SiteRow(organ="bone", hosts=BONE_NAMES, weight=0.22, suv=(8, 1.6),
            diameter_mm=(20, 1.6, 8, 60), hu=(90, 120)),
    SiteRow(organ="adrenal", hosts=("adrenal_gland_",), weight=0.06, suv=(7, 1.6),
            diameter_mm=(22, 1.35, 12, 50), hu=(35, 8)),
    SiteRow(organ="soft_tissue", hosts=_OUTER, weight=0.09, suv=(6, 1.7),
            diameter_mm=(18, 1.7, 8, 50), hu=(42, 8)),
    SiteRow(organ="brain", hosts=("brain",), weight=0.04, suv=(8, 1.5),
            diameter_mm=(15, 1.5, 6, 40), hu=(32, 6)),
    SiteRow(organ="kidney", hosts=("kidney_",), weight=0.02, suv=(7, 1.6),
            diameter_mm=(20, 1.4, 10, 50), hu=(38, 6)),
    SiteRow(organ="spleen", hosts=("spleen",), weight=0.02, suv=(6, 1.5),
            diameter_mm=(18, 1.5, 8, 50), hu=(38, 6)),
    SiteRow(organ="thyroid", hosts=("thyroid_gland",), weight=0.01, suv=(7, 1.6),
            diameter_mm=(12, 1.4, 7, 30), hu=(60, 15)),
    SiteRow(organ="pancreas", hosts=("pancreas",), weight=0.02, suv=(6, 1.5),
            diameter_mm=(20, 1.4, 10, 45), hu=(38, 6)),
    SiteRow(organ="peritoneum", hosts=("torso_fat",), weight=0.02, suv=(4.5, 1.6),
            diameter_mm=(14, 1.5, 7, 40), hu=(38, 8)),
)  # fmt: skip
DISTANT_STATIONS = {
    "104L": 0.3, "104R": 0.2, "16a2": 0.15, "16b1": 0.06, "16b2": 0.04, "102R": 0.03, "102L": 0.03,
    "axillary_R": 0.03, "axillary_L": 0.03, "12": 0.03, "13": 0.01, "JES10": 0.01,
    "mesenteric": 0.02,
    "cardiophrenic": 0.02, "internal_mammary_R": 0.01, "internal_mammary_L": 0.01, "iliac_R": 0.01,
    "iliac_L": 0.01, "inguinal_R": 0.02, "inguinal_L": 0.02,
}  # fmt: skip


def organ_focus(row: SiteRow, body: BodyMap, rng: np.random.Generator) -> Focus | None:
    """A metastasis of this organ at random, or None where the organ is not on the grid."""
    near = pick(_places(row, body), rng)
    if near is None:
        return None
    structure = body.names[int(body.labels[near])]
    sizes = radii(row.diameter_mm, rng)
    centre = near
    if row.organ != "peritoneum":
        own = body.labels == body.labels[near]
        centre = pick_deep(own, near, min(sizes), body.geometry.spacing_mm[0], rng)
    hu = None if row.hu is None else float(rng.normal(*row.hu))
    return Focus(
        kind=Kind.ORGAN,
        organ=row.organ,
        structure=structure,
        centre=centre,
        radii_mm=sizes,
        suv=_lognormal(row.suv, rng),
        hu=hu,
        hosts=_spread(row, structure, rng),
        cold_core=_cold(row.diameter_mm[0], rng),
        side=side_of(body, centre),
        lobe=_lobe(body, centre, structure),
        claims=(_SOFT, structure) if row.organ in _GLANDS else None,
    )


def node_focus(station: str, body: BodyMap, rng: np.random.Generator) -> Focus | None:
    """A node of this station at random, or None where the station is not on the grid."""
    if station not in body.station_names:
        return None
    region = body.stations == body.station_names.index(station)
    centre = pick(node_places(body, region), rng)
    if centre is None:
        return None
    short = float(np.clip(rng.lognormal(np.log(10), 0.4), 5, 34))
    long = short * rng.uniform(1.0, 1.8)
    regional = station in REGIONAL
    return Focus(
        kind=Kind.NODE,
        organ="lymph_node",
        structure=station,
        centre=centre,
        radii_mm=_shuffled((short / 2, short / 2, long / 2), rng),
        suv=_lognormal((6, 1.7), rng),
        hu=float(rng.normal(40, 8)),
        hosts=_NODE_HOSTS,
        cold_core=_cold(short, rng),
        bumpy=0.06,
        claims=(("lung_",), "torso_fat"),
        station=station,
        nodal_class=NodalClass.REGIONAL if regional else NodalClass.NONREGIONAL,
        side=side_of(body, centre),
    )


def mass_focus(body: BodyMap, rng: np.random.Generator) -> Focus | None:
    """A large hot mass, up to 300 ml, in soft tissue of any part: neck, thigh, trunk or lung."""
    hosts = _SOFT if rng.random() < 0.85 else (*_SOFT, "lung_")
    low, high = sorted(rng.uniform(0, 1, 2))
    count = body.labels.shape[0]
    part = np.zeros(body.labels.shape, bool)
    part[int(low * count) : int(high * count) + 1] = True
    centre = pick(body.where(*hosts) & part, rng)
    if centre is None:
        return None
    volume_ml = float(np.exp(rng.uniform(np.log(10), np.log(300))))
    mean = 10 * np.cbrt(volume_ml * 0.75 / np.pi)
    stretch = np.exp(rng.normal(0, 0.25, 3))
    sizes = mean * stretch / np.cbrt(stretch.prod())
    return Focus(
        kind=Kind.ORGAN,
        organ="soft_tissue",
        structure=body.names[int(body.labels[centre])],
        centre=centre,
        radii_mm=(float(sizes[0]), float(sizes[1]), float(sizes[2])),
        suv=_lognormal((8, 1.7), rng),
        hu=float(rng.normal(40, 8)),
        hosts=(*_SOFT, "lung_", "internal_jug", "common_car", "thyroid", "colon", "small_bowel"),
        cold_core=float(rng.uniform(0.4, 0.8)) if rng.random() < 0.4 else 0.0,
        bumpy=0.15,
        side=side_of(body, centre),
    )


def radii(
    diameter_mm: tuple[float, float, float, float], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Radii of an ellipsoid whose mean diameter follows (median, deviation, least, most)."""
    median, deviation, least, most = diameter_mm
    size = float(np.clip(_lognormal((median, deviation), rng), least, most)) / 2
    stretch = np.exp(rng.normal(0, 0.15, 3))
    sizes = size * stretch / np.cbrt(stretch.prod())
    return float(sizes[0]), float(sizes[1]), float(sizes[2])


def side_of(body: BodyMap, centre: tuple[int, int, int]) -> Side:
    """The patient's side of a voxel: x = 0 is the middle, 8 mm around it are midline."""
    x = float(body.geometry.to_lps_mm(np.array(centre, float))[0])
    if abs(x) < 8:
        return Side.MIDLINE
    return Side.LEFT if x > 0 else Side.RIGHT


def _lognormal(law: tuple[float, float], rng: np.random.Generator) -> float:
    return float(law[0] * np.exp(np.log(law[1]) * np.clip(rng.normal(), -2.3, 2.3)))


def _shuffled(
    sizes: tuple[float, float, float], rng: np.random.Generator
) -> tuple[float, float, float]:
    a, b, c = rng.permutation(np.array(sizes))
    return float(a), float(b), float(c)


def _cold(size_mm: float, rng: np.random.Generator) -> float:
    return float(rng.uniform(0.35, 0.7)) if size_mm > 14 and rng.random() < 0.15 else 0.0


def _places(row: SiteRow, body: BodyMap) -> NDArray[np.bool_]:
    """Where lesions of this organ may lie; soft tissue away from where nodes lie."""
    if row.organ == "peritoneum":
        return peritoneal_places(body)
    places = body.where(*row.hosts)
    return places & (body.stations == 0) if row.organ == "soft_tissue" else places


def _spread(row: SiteRow, structure: str, rng: np.random.Generator) -> tuple[str, ...]:
    """What a lesion may fill: bone stays in its own bone, one in three with a soft-tissue part."""
    free = rng.random()
    if row.organ in _SWELLING:
        return (structure, *_SWELLING[row.organ])
    if row.organ != "bone":
        return row.hosts if free < 0.7 else (*row.hosts, *_SOFT)
    return (structure,) if free < 0.67 else (structure, *_SOFT)


def _lobe(body: BodyMap, centre: tuple[int, int, int], structure: str) -> str | None:
    if structure.startswith("lung_"):
        return structure.removeprefix("lung_").removesuffix("_left").removesuffix("_right")
    if structure != "liver":
        return None
    x, y, _ = body.geometry.to_lps_mm(np.array(centre, float))
    # Cantlie's line, from the caval vein to the gallbladder bed of the template
    return "left" if x > -22 + (y + 15) * 0.9 else "right"
