"""Activity to SUV, and everything on one grid."""

from oligocount.quantify.align import align
from oligocount.quantify.suv import suv_route, to_suv

__all__ = ["align", "suv_route", "to_suv"]
