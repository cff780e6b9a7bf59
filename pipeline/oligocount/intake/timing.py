"""When a PET series and its slices were measured, also where headers lost their dates."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pydicom import Dataset

from oligocount.domain.study import SliceTiming
from oligocount.intake.tolerant import TolerantDataset

_DATES = ("SeriesDate", "AcquisitionDate", "ContentDate", "StudyDate")
_NO_DAY = date(1900, 1, 2)  # stands for the day of a scan whose dates were taken away
_HALF_DAY = timedelta(hours=12)


def has_no_date(header: TolerantDataset) -> bool:
    """Whether every date was taken away; times are then read as those of one day."""
    return not any(header.date(keyword) for keyword in _DATES)


def series_start(header: TolerantDataset) -> datetime | None:
    """(0008,0021) and (0008,0031); a missing date is taken from the other dates."""
    clock = header.time("SeriesTime")
    return datetime.combine(_day(header), clock) if clock else None


def slice_timings(datasets: Sequence[Dataset]) -> tuple[SliceTiming, ...]:
    """One timing a slice, or a frame of a multi-frame object (each object once)."""
    return tuple(each for one in _objects(datasets) for each in _timings(one))


def _day(header: TolerantDataset) -> date:
    found = (header.date(keyword) for keyword in _DATES)
    return next((each for each in found if each), _NO_DAY)


def _objects(datasets: Sequence[Dataset]) -> Iterable[TolerantDataset]:
    """Each object once: a multi-frame one may be given once a frame."""
    wrapped = [TolerantDataset(one) for one in datasets]
    unnamed = (one for one in wrapped if one.text("SOPInstanceUID") is None)
    return (*{u: one for one in wrapped if (u := one.text("SOPInstanceUID"))}.values(), *unnamed)


def _timings(header: TolerantDataset) -> tuple[SliceTiming, ...]:
    frames = header.items("PerFrameFunctionalGroupsSequence")
    if frames:
        return tuple(_timing_of_frame(frame) for frame in frames)
    return (
        SliceTiming(
            position_lps_mm=_position(header),
            acquisition=_acquisition(header),
            duration_s=_seconds(header.number("ActualFrameDuration")),
            reference_s=_seconds(header.number("FrameReferenceTime")),
        ),
    )


def _acquisition(header: TolerantDataset) -> datetime | None:
    """Date and time of the slice; a time alone belongs to the day nearest to the series' start."""
    dated = header.moment("AcquisitionDate", "AcquisitionTime")
    clock = header.time("AcquisitionTime")
    if dated or clock is None:
        return dated or header.date_time("AcquisitionDateTime")
    found, start = datetime.combine(_day(header), clock), series_start(header)
    if start and abs(found - start) > _HALF_DAY:
        found += timedelta(days=1 if found < start else -1)
    return found


def _timing_of_frame(frame: TolerantDataset) -> SliceTiming:
    content = next(iter(frame.items("FrameContentSequence")), TolerantDataset(Dataset()))
    plane = next(iter(frame.items("PlanePositionSequence")), TolerantDataset(Dataset()))
    return SliceTiming(
        position_lps_mm=_position(plane),
        acquisition=content.date_time("FrameAcquisitionDateTime"),
        duration_s=_seconds(content.number("FrameAcquisitionDuration")),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000.0


def _position(header: TolerantDataset) -> tuple[float, float, float] | None:
    found = header.numbers("ImagePositionPatient")
    return (found[0], found[1], found[2]) if len(found) == 3 else None
