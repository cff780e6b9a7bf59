"""Scores the candidates for a role; each point comes with the words that explain it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from oligocount.intake.slices import Stack
from oligocount.settings import ChoicePoints

_TIME_OF_FLIGHT = re.compile(r"\b(tof|vpfx|ultra ?hd|bltof)\b", re.IGNORECASE)
_BACK_PROJECTION = re.compile(r"\b(fbp|(filtered )?back[- ]?proj\w*)\b", re.IGNORECASE)
_DELAYED = re.compile(r"\b(delay(ed)?|late|2nd|second)\b", re.IGNORECASE)
_SHARP = re.compile(r"\b(lung|bone|edge|sharp|detail)\b", re.IGNORECASE)
_SIEMENS_KERNEL = re.compile(r"^[BHITJU]r?[a-z]?(\d\d)", re.IGNORECASE)
_SHARP_SIEMENS_KERNEL = 50  # Siemens numbers kernels by sharpness; B50 and above are lung and bone


@dataclass(frozen=True, slots=True)
class Score:
    """A sum of points and the words behind it."""

    points: float
    reasons: tuple[str, ...]


def score_pet(stack: Stack, points: ChoicePoints) -> Score:
    """How good a PET is for counting: coverage, corrections, unit, reconstruction."""
    first = stack.headers[0]
    words = f"{first.words} {first.reconstruction or ''}"
    covered_cm = _covered_cm(stack)
    marks = [
        (points.per_cm_covered * covered_cm, f"{covered_cm:.0f} cm covered"),
        _mark("ATTN" in first.corrected, points.attenuation_corrected, "attenuation-corrected"),
        _mark("DECY" in first.corrected, points.decay_corrected, "decay-corrected"),
        _mark("ORIGINAL" in first.image_type, points.original, "original"),
        _mark(first.units == "BQML", points.becquerel, "BQML"),
        _mark(_TIME_OF_FLIGHT.search(words), points.time_of_flight, "time of flight"),
        _mark(_BACK_PROJECTION.search(words), points.back_projection, "filtered back projection"),
        _mark({"DYNAMIC", "GATED"} & set(first.series_type), points.dynamic, "dynamic or gated"),
        _mark(_DELAYED.search(first.words), points.delayed, "delayed"),
    ]
    return _score(marks)


def score_ct(stack: Stack, pet: Stack, points: ChoicePoints) -> Score:
    """How good a CT is beside the chosen PET: shared coverage, kernel, thickness."""
    first = stack.headers[0]
    shared = shared_cm(stack, pet)
    kernel = f"{first.kernel or ''} {first.words}"
    thickness_mm = stack.geometry.spacing_mm[0]
    width_mm = min(np.multiply(stack.geometry.shape[1:], stack.geometry.spacing_mm[1:]))
    marks = [
        (points.per_cm_covered * shared, f"covers {shared:.0f} cm of the PET"),
        _mark("ORIGINAL" in first.image_type, points.original, "original"),
        _mark(not _is_sharp(kernel), points.soft_kernel, "soft kernel"),
        _mark(thickness_mm > points.thick_slice_mm, points.thick_slice, "thick slices"),
        _mark(width_mm < points.narrow_field_mm, points.narrow_field, "narrow field"),
        _mark(first.contrast, points.contrast_agent, "with contrast"),
    ]
    apart = minutes_apart(first.acquired, pet.headers[0].acquired)
    if apart is not None:
        marks.append((points.per_minute_apart * apart, f"{apart:.0f} min from the PET"))
    return _score(marks)


def minutes_apart(one: str | None, other: str | None) -> float | None:
    """Minutes between two acquisitions as YYYYMMDDHHMMSS, None where one is not known."""
    moments = [_moment(one), _moment(other)]
    if moments[0] is None or moments[1] is None:
        return None
    return abs((moments[0] - moments[1]).total_seconds()) / 60


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.strptime((text or "")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _mark(condition: object, value: float, words: str) -> tuple[float, str]:
    return (value, words) if condition else (0.0, "")


def _score(marks: list[tuple[float, str]]) -> Score:
    return Score(sum(value for value, _ in marks), tuple(words for _, words in marks if words))


def _covered_cm(stack: Stack) -> float:
    return stack.geometry.shape[0] * stack.geometry.spacing_mm[0] / 10


def shared_cm(stack: Stack, pet: Stack) -> float:
    """Length along the patient's axis that both cover."""
    low, high = _range_z_mm(stack)
    pet_low, pet_high = _range_z_mm(pet)
    return max(0.0, min(high, pet_high) - max(low, pet_low)) / 10


def _range_z_mm(stack: Stack) -> tuple[float, float]:
    geometry = stack.geometry
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in geometry.shape], indexing="ij"))
    z = geometry.to_lps_mm(corners.reshape(3, -1).T)[:, 2]
    return float(z.min()), float(z.max())


def _is_sharp(kernel: str) -> bool:
    numbered = _SIEMENS_KERNEL.match(kernel)
    return bool(_SHARP.search(kernel)) or bool(
        numbered and int(numbered[1]) >= _SHARP_SIEMENS_KERNEL
    )
