"""Puts the slices of one series in order along their normal and says where voxels lie."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.provenance import Caveat
from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError, IncompleteSeries, MissingTag
from oligocount.intake.headers import Header
from oligocount.settings import IntakeSettings, SliceTolerances


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stack:
    """Slices in order: `headers[n]` lies at index `places[n]`; indices that none fills are missing.

    `missing` are indices to be interpolated from their two neighbours. Where spacing is uneven
    places lie between indices, and every index but the first is interpolated.
    """

    headers: tuple[Header, ...]
    places: tuple[float, ...]
    missing: tuple[int, ...]
    geometry: Geometry
    caveats: tuple[Caveat, ...]


def stack_slices(headers: tuple[Header, ...], settings: IntakeSettings) -> Stack:
    """The slices ordered along the normal, with their geometry.

    Raises MissingTag, GeometryError or IncompleteSeries, saying why they make no volume.
    """
    tolerances = settings.slices
    _refuse_unplaced(headers)
    unique, caveats = _without_copies(headers)
    _refuse_mixed(unique, tolerances)
    if len(unique) < tolerances.min_slices:
        raise IncompleteSeries(
            f"{len(unique)} slice(s); at least {tolerances.min_slices} make a volume"
        )
    normal = _normal(unique[0], tolerances)
    distance = np.array([float(np.dot(one.position, normal)) for one in unique])
    order = np.argsort(distance, kind="stable")
    ordered = tuple(unique[n] for n in order)
    _refuse_shared_positions(distance[order], tolerances)
    places, step_mm = _places(distance[order], settings)
    missing: tuple[int, ...] = ()
    if all(place.is_integer() for place in places):
        missing = tuple(sorted(set(range(int(places[-1]) + 1)) - set(places)))
    else:
        caveats += (_of_uneven(distance[order], step_mm),)
    if missing:
        text = f"{_words(len(missing), places[-1] + 1)} and interpolated from their neighbours"
        caveats += (Caveat(code="SLICES_INTERPOLATED", text=text),)
    geometry = _geometry(ordered, places, normal * step_mm, tolerances)
    return Stack(
        headers=ordered, places=places, missing=missing, geometry=geometry, caveats=caveats
    )


def _refuse_unplaced(headers: tuple[Header, ...]) -> None:
    wanted = (
        ("position", 3, "(0020,0032) Image Position (Patient)"),
        ("orientation", 6, "(0020,0037) Image Orientation (Patient)"),
        ("pixel_spacing", 2, "(0028,0030) Pixel Spacing"),
    )
    for name, count, tag in wanted:
        lacking = sum(len(getattr(one, name)) != count for one in headers)
        if lacking:
            raise MissingTag(f"{lacking} of {len(headers)} slices lack {tag} of {count} numbers")
    for name, tag in (("rows", "(0028,0010) Rows"), ("columns", "(0028,0011) Columns")):
        if not all(getattr(one, name) for one in headers):
            raise MissingTag(f"a slice lacks {tag}")


def _without_copies(headers: tuple[Header, ...]) -> tuple[tuple[Header, ...], tuple[Caveat, ...]]:
    """Each instance once: the same SOP instance in two files is one slice."""
    first: dict[tuple[str | None, int], Header] = {}
    for one in headers:
        key = (one.sop_instance_uid, one.frame)
        known = first.setdefault(key, one)
        if known is not one and _as_image(known) != _as_image(one):
            raise GeometryError("two different slices carry one SOP Instance UID")
    copies = len(headers) - len(first)
    if not copies:
        return headers, ()
    text = f"{copies} slices stand in the input twice; each is taken once"
    return tuple(first.values()), (Caveat(code="DUPLICATE_SLICES", text=text),)


def _as_image(header: Header) -> Header:
    """What a copy has to share: all but the file, how it is encoded, and attributes of no image."""
    return replace(
        header, file=Path(), data_set=b"", transfer_syntax_uid="", byte_order="", lossy=None,
        pixel_offset=None, pixel_length=None,
    )  # fmt: skip


def _refuse_mixed(headers: tuple[Header, ...], tolerances: SliceTolerances) -> None:
    sizes = {(one.rows, one.columns) for one in headers}
    if len(sizes) > 1:
        raise GeometryError(f"slices of different sizes: {sorted(sizes)}")
    for name, tag in (("orientation", "(0020,0037)"), ("pixel_spacing", "(0028,0030)")):
        numbers = np.array([getattr(one, name) for one in headers])
        spread = float(np.ptp(numbers, axis=0).max())
        if spread > tolerances.direction_cosine:
            raise GeometryError(f"{tag} {name.replace('_', ' ')} varies by {spread:.3g} in it")
    if len({one.frame_of_reference_uid for one in headers}) > 1:
        raise GeometryError("slices of several frames of reference (0020,0052)")


def _normal(header: Header, tolerances: SliceTolerances) -> NDArray[np.float64]:
    row, column = np.array(header.orientation[:3]), np.array(header.orientation[3:])
    products = np.array([row @ row - 1, column @ column - 1, row @ column])
    if np.abs(products).max() > 10 * tolerances.direction_cosine:
        raise GeometryError("(0020,0037) rows and columns are no unit vectors at right angles")
    if min(header.pixel_spacing) <= 0:
        raise GeometryError(f"(0028,0030) Pixel Spacing is {header.pixel_spacing}, not positive")
    normal: NDArray[np.float64] = np.cross(row, column)
    return normal / np.linalg.norm(normal)


def _refuse_shared_positions(distance: NDArray[np.float64], tolerances: SliceTolerances) -> None:
    gaps = np.diff(distance)
    near_mm = max(tolerances.position_mm, tolerances.shared_share * float(np.median(gaps)))
    same = int((gaps < near_mm).sum())
    if same:
        raise GeometryError(
            f"{same + 1} or more frames share a position: dynamic, gated or several"
            " reconstructions under one series UID (4-D); one image a position is expected"
        )


def _places(
    distance: NDArray[np.float64], settings: IntakeSettings
) -> tuple[tuple[float, ...], float]:
    """The index of each slice along the normal and the distance between indices."""
    gaps = np.diff(distance)
    steps = np.maximum(np.round(gaps / np.median(gaps)), 1.0)
    n_missing = float((steps - 1).sum())
    step_mm = float(distance[-1] - distance[0]) / float(steps.sum())
    stray = np.abs(distance - distance[0] - np.concatenate([[0], np.cumsum(steps)]) * step_mm).max()
    is_uneven = stray > settings.slices.spacing_fraction * step_mm
    if is_uneven:
        n_missing = _lone_gaps(gaps)
    if n_missing > settings.max_interpolated_slices:
        raise IncompleteSeries(
            f"{_words(n_missing, steps.sum() + 1)};"
            f" at most {settings.max_interpolated_slices} can be interpolated"
        )
    if is_uneven:
        return _uneven_places(distance, stray, settings.slices)
    return (0.0, *(float(place) for place in np.cumsum(steps))), step_mm


def _lone_gaps(gaps: NDArray[np.float64]) -> float:
    """Slices lost where a gap is a multiple of both its neighbours, in an uneven series."""
    beside = np.maximum(np.concatenate([gaps[1:2], gaps[:-1]]), np.append(gaps[1:], gaps[-2]))
    return float(np.maximum(np.round(gaps / beside) - 1, 0).sum())


def _uneven_places(
    distance: NDArray[np.float64], stray_mm: float, tolerances: SliceTolerances
) -> tuple[tuple[float, ...], float]:
    """Places on an even grid as fine as the nearest two slices: no slice is averaged away."""
    gaps = np.diff(distance)
    if gaps.max() > tolerances.uneven_max_gap_mm:
        raise GeometryError(
            f"slice spacing varies from {gaps.min():.4g} to {gaps.max():.4g} mm: a slice lies"
            f" {stray_mm:.2g} mm off a regular grid; uneven spacing is resampled up to gaps of"
            f" {tolerances.uneven_max_gap_mm:g} mm (intake.slices.uneven_max_gap_mm)"
        )
    length_mm = float(distance[-1] - distance[0])
    step_mm = length_mm / np.ceil(length_mm / gaps.min() - tolerances.spacing_fraction)
    return tuple(float(each) for each in (distance - distance[0]) / step_mm), float(step_mm)


def _of_uneven(distance: NDArray[np.float64], step_mm: float) -> Caveat:
    gaps = np.diff(distance)
    text = (
        f"slices lie {gaps.min():.4g} to {gaps.max():.4g} mm apart; they were resampled linearly"
        f" to {step_mm:.4g} mm, and values between slices are not as measured"
    )
    return Caveat(code="SPACING_UNEVEN", text=text)


def _words(n_missing: float, total: float) -> str:
    return f"{n_missing:.0f} of {total:.0f} slices are missing"


def _geometry(
    ordered: tuple[Header, ...],
    places: tuple[float, ...],
    step: NDArray[np.float64],
    tolerances: SliceTolerances,
) -> Geometry:
    first = ordered[0]
    origin = np.array(first.position)
    positions = np.array([one.position for one in ordered])
    limit_mm = tolerances.spacing_fraction * float(np.linalg.norm(step)) + tolerances.position_mm
    if _aside_mm(positions, origin, places, step) > limit_mm:
        step = (positions[-1] - origin) / places[-1]  # leans away from the normal: a tilted gantry
        aside_mm = _aside_mm(positions, origin, places, step)
        if aside_mm > limit_mm:
            raise GeometryError(
                f"slices are shifted sideways irregularly, by up to {aside_mm:.2f} mm"
            )
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = np.array(first.orientation[3:]) * first.pixel_spacing[0]
    affine[:3, 2] = np.array(first.orientation[:3]) * first.pixel_spacing[1]
    affine[:3, 3] = origin
    return Geometry(
        shape=(round(places[-1]) + 1, int(first.rows or 0), int(first.columns or 0)),
        affine=affine,
        frame_of_reference_uid=first.frame_of_reference_uid,
    )


def _aside_mm(
    positions: NDArray[np.float64],
    origin: NDArray[np.float64],
    places: tuple[float, ...],
    step: NDArray[np.float64],
) -> float:
    """The farthest that a slice lies from where even steps would put it."""
    expected = origin + np.outer(places, step)
    return float(np.linalg.norm(positions - expected, axis=1).max())
