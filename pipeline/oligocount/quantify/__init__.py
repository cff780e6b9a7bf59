"""Activity to SUV, and everything on one grid."""

from oligocount.quantify.align import align
from oligocount.quantify.body import SuvType
from oligocount.quantify.suv import suv_route, to_suv, to_suv_type

__all__ = ["SuvType", "align", "suv_route", "to_suv", "to_suv_type"]
