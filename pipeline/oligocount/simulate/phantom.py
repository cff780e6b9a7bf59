"""One synthetic patient: anatomy, uptake, lesions and scanner from a single seed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

import numpy as np

from oligocount.domain.lesion import Kind
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.simulate.atlas import (
    load_patient,
    load_smooth_patient,
    load_template,
    patient_numbers,
)
from oligocount.simulate.body import BodyMap, draw_body
from oligocount.simulate.contents import add_couch, add_metal, fill_hollow_organs
from oligocount.simulate.definitions import keep_definitions
from oligocount.simulate.grids import Extent, draw_grid
from oligocount.simulate.lesions import Canvas, Focus, lay
from oligocount.simulate.levels import settle_stations
from oligocount.simulate.measured import LesionTruth, measure_foci
from oligocount.simulate.mimics import draw_mimics
from oligocount.simulate.names import organ_labels
from oligocount.simulate.pose import draw_pose
from oligocount.simulate.primary import draw_primary, lay_primary
from oligocount.simulate.scanner import (
    Scanner,
    breathe,
    breathe_labels,
    ct_image,
    draw_scanner,
    pet_image,
)
from oligocount.simulate.sites import (
    DISTANT_STATIONS,
    ORGAN_SITES,
    REGIONAL,
    mass_focus,
    node_focus,
    organ_focus,
)
from oligocount.simulate.surgery import Surgery, draw_surgery, operate
from oligocount.simulate.uptake import draw_activity, draw_density, draw_physiology
from oligocount.simulate.wanted import Wanted, lay_wanted

__all__ = ["Burden", "LesionTruth", "Phantom", "simulate"]

_FINE_MM = 3.5  # below this spacing the steps of the shipped organs would show


class Burden(Enum):
    """Which lesions a phantom gets."""

    MIXED = "mixed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phantom:
    """A synthetic study and its truth, all on one isotropic axis-aligned grid."""

    seed: int
    description: str
    pet: Volume
    ct: Volume | None
    organs: LabelMap
    lesions: LabelMap
    mimics: LabelMap
    stations: LabelMap
    truth: tuple[LesionTruth, ...]


def simulate(
    seed: int,
    *,
    spacing_mm: float = 4.0,
    extent: Extent | None = None,
    held_out: bool = False,
    burden: Burden = Burden.MIXED,
    wanted: tuple[Wanted, ...] | None = None,
) -> Phantom:
    """The phantom of this seed; the same seed and arguments give the same phantom.

    `held_out` takes the anatomy from patients whom training never sees. `extent` None draws it.
    `wanted` names its lesions in place of a burden. Raises ConfigError when one of them finds no
    room.
    """
    rng = np.random.default_rng(seed)
    body, scale = _body(rng, spacing_mm, extent, held_out=held_out)
    surgery = draw_surgery(rng) if wanted is None else Surgery.NONE
    body = operate(body, surgery, rng)
    physiology, scanner = draw_physiology(rng), draw_scanner(rng)
    shape = body.labels.shape
    canvas = Canvas(
        body=body,
        activity=draw_activity(body, physiology, rng),
        density=draw_density(body, physiology, rng),
        lesions=np.zeros(shape, np.uint8),
        mimics=np.zeros(shape, np.uint8),
    )
    fill_hollow_organs(body, canvas.activity, canvas.density, rng)
    resected = surgery is Surgery.CONDUIT
    foci = _lay_all(canvas, burden, wanted, rng, resected=resected)
    add_metal(body, canvas.activity, canvas.density, rng)
    if rng.random() < 0.75:
        add_couch(body, canvas.density, rng)
    return _scanned(
        seed, canvas, foci, scanner, rng, description=f"scale {scale:.2f}, surgery {surgery.value}"
    )


def _body(
    rng: np.random.Generator, spacing_mm: float, extent: Extent | None, *, held_out: bool
) -> tuple[BodyMap, float]:
    numbers = patient_numbers(held_out=held_out)
    number = int(numbers[rng.integers(len(numbers))])
    patient = load_patient(number) if spacing_mm > _FINE_MM else load_smooth_patient(number)
    arms_up = bool(rng.random() < 0.7)
    pose = draw_pose(rng, arms_up=arms_up)
    kinds = (Extent.WHOLE_BODY, Extent.EYES_TO_THIGHS, Extent.THORAX, Extent.ANY, Extent.TOTAL_BODY)
    drawn = kinds[int(rng.choice(5, p=[0.4, 0.25, 0.1, 0.2, 0.05]))]
    grid = draw_grid(rng, spacing_mm=spacing_mm, scale=pose.scale[0], extent=extent or drawn)
    body = draw_body(grid, pose, patient, load_template(), female=patient.is_female)
    return keep_definitions(settle_stations(body)), pose.scale[0]


def _lay_all(
    canvas: Canvas,
    burden: Burden,
    wanted: tuple[Wanted, ...] | None,
    rng: np.random.Generator,
    *,
    resected: bool,
) -> list[tuple[int, Focus]]:
    """Mimics first, then lesions over them; every focus that found room, with its number."""
    laid: list[tuple[int, Focus]] = []

    def add(focus: Focus | None) -> None:
        number = len(laid) + 1
        if focus is not None and number < 250 and lay(canvas, focus, number, rng):
            laid.append((number, focus))

    for focus in draw_mimics(canvas.body, rng):
        add(focus)
    if wanted is not None:
        return laid + lay_wanted(canvas, wanted, len(laid), rng)
    if burden is Burden.NONE or rng.random() < 0.08:
        return laid
    if rng.random() < 0.8 and not resected:
        primary = lay_primary(canvas, draw_primary(rng), len(laid) + 1, rng)
        if primary is not None:
            laid.append((len(laid) + 1, primary))
    for draw in _wanted(rng):
        add(draw(canvas.body, rng))
    return laid


_Draw = Callable[[BodyMap, np.random.Generator], Focus | None]


def _wanted(rng: np.random.Generator) -> list[_Draw]:
    """What this patient shall have: regional nodes, distant nodes, organ lesions, masses."""
    wanted: list[_Draw] = []
    for _ in range(rng.poisson(1.3)):
        station = REGIONAL[int(rng.integers(len(REGIONAL)))]
        wanted.append(partial(node_focus, station))
    distant = 0 if rng.random() < 0.25 else min(12, 1 + rng.poisson(1.8))
    stations, chances = tuple(DISTANT_STATIONS), np.array(list(DISTANT_STATIONS.values()))
    weights = np.array([row.weight for row in ORGAN_SITES])
    for _ in range(distant):
        if rng.random() < 0.35:
            station = stations[int(rng.choice(len(stations), p=chances / chances.sum()))]
            wanted.append(partial(node_focus, station))
        else:
            row = ORGAN_SITES[int(rng.choice(len(ORGAN_SITES), p=weights / weights.sum()))]
            wanted.append(partial(organ_focus, row))
    if rng.random() < 0.3:
        wanted.append(mass_focus)
    return wanted


def _scanned(
    seed: int,
    canvas: Canvas,
    foci: list[tuple[int, Focus]],
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    description: str,
) -> Phantom:
    body = canvas.body
    geometry, spacing = body.geometry, body.geometry.spacing_mm[0]
    dome = _dome_slice(body)
    moving = scanner if dome is not None else replace(scanner, breath_shift_mm=0, breath_blur_mm=0)
    activity = breathe(canvas.activity, dome or 0.0, moving, spacing)
    lesions = breathe_labels(canvas.lesions, dome or 0.0, moving, spacing)
    mimics = breathe_labels(canvas.mimics, dome or 0.0, moving, spacing)
    pet = pet_image(activity, scanner, spacing, rng)
    ct = ct_image(canvas.density, scanner, spacing, rng)
    truth = measure_foci(
        foci, lesions, mimics, Volume(array=pet, unit=Unit.SUVBW, geometry=geometry)
    )
    return Phantom(
        seed=seed,
        description=description,
        pet=Volume(array=pet, unit=Unit.SUVBW, geometry=geometry),
        ct=Volume(array=ct, unit=Unit.HU, geometry=geometry),
        organs=organ_labels(body),
        lesions=LabelMap(array=lesions, names=_named(truth, physiologic=False), geometry=geometry),
        mimics=LabelMap(array=mimics, names=_named(truth, physiologic=True), geometry=geometry),
        stations=LabelMap(
            array=body.stations, names=dict(enumerate(body.station_names[1:], 1)), geometry=geometry
        ),
        truth=truth,
    )


def _dome_slice(body: BodyMap) -> float | None:
    liver = np.flatnonzero(body.where("liver").any(axis=(1, 2)))
    return float(liver[-1]) if liver.size else None


def _named(truth: tuple[LesionTruth, ...], *, physiologic: bool) -> dict[int, str]:
    return {one.id: one.structure for one in truth if (one.kind is Kind.PHYSIOLOGIC) == physiologic}
