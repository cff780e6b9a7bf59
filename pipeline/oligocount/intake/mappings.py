"""Reads the SUV factors that Real World Value Mapping objects claim; they are never followed."""

import re
from collections.abc import Mapping, Sequence

from pydicom import Dataset

from oligocount.domain.study import ValueMapping
from oligocount.intake.tolerant import TolerantDataset

_SUV = re.compile(r"SUV(bw|lbm|bsa|ibw)", re.IGNORECASE)  # {SUVbw}g/ml, g/ml{SUVbw}: PS3.16 CID 85


def read_value_mappings(
    mappings: Sequence[Dataset], pet: Sequence[Dataset]
) -> tuple[ValueMapping, ...]:
    """The claims about SUV, each once, with whether they are about the slices of `pet`."""
    slopes = {}
    for one in map(TolerantDataset, pet):
        uid = one.text("SOPInstanceUID")
        if uid:
            slopes[uid] = one.number("RescaleSlope") or 1.0
    groups = (
        group
        for one in map(TolerantDataset, mappings)
        for group in one.items("ReferencedImageRealWorldValueMappingSequence")
    )
    return tuple(dict.fromkeys(each for group in groups for each in _claims(group, slopes)))


def _claims(group: TolerantDataset, slopes: Mapping[str, float]) -> list[ValueMapping]:
    named = (one.text("ReferencedSOPInstanceUID") for one in group.items("ReferencedImageSequence"))
    uids = {uid for uid in named if uid}
    shared = {slopes[uid] for uid in uids if uid in slopes}
    claims = []
    for one in group.items("RealWorldValueMappingSequence"):
        quantity, slope = _quantity(one), one.number("RealWorldValueSlope")
        if quantity and slope:
            claims.append(
                ValueMapping(
                    quantity=quantity,
                    slope=slope,
                    rescale_slope=min(shared) if len(shared) == 1 else None,
                    is_of_pet=bool(shared),
                )
            )
    return claims


def _quantity(one: TolerantDataset) -> str | None:
    codes = (code.text("CodeValue") or "" for code in one.items("MeasurementUnitsCodeSequence"))
    found = (_SUV.search(code) for code in codes)
    return next((match.group(1).lower() for match in found if match), None)
