"""Activity to SUV, everything on one grid, and what is unusual about it."""

from oligocount.quantify.align import align, in_frame_of
from oligocount.quantify.body import SuvType
from oligocount.quantify.field import crop_to_patient
from oligocount.quantify.measured import measure_quality
from oligocount.quantify.quality import check_quality
from oligocount.quantify.suv import suv_route, to_suv, to_suv_type

__all__ = [
    "SuvType",
    "align",
    "check_quality",
    "crop_to_patient",
    "in_frame_of",
    "measure_quality",
    "suv_route",
    "to_suv",
    "to_suv_type",
]
