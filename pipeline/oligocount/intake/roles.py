"""What a series is to this run, and why it cannot serve whatever its score."""

import re

import pydicom

from oligocount.domain.study import Role
from oligocount.intake.headers import Header

_ROLES = {
    "1.2.840.10008.5.1.4.1.1.128": Role.PET,  # PET
    "1.2.840.10008.5.1.4.1.1.130": Role.PET,  # Enhanced PET
    "1.2.840.10008.5.1.4.1.1.128.1": Role.PET,  # Legacy Converted Enhanced PET
    "1.2.840.10008.5.1.4.1.1.2": Role.CT,
    "1.2.840.10008.5.1.4.1.1.2.1": Role.CT,  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2": Role.CT,  # Legacy Converted Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4": Role.MR,
    "1.2.840.10008.5.1.4.1.1.4.1": Role.MR,  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4": Role.MR,  # Legacy Converted Enhanced MR
    "1.2.840.10008.5.1.4.1.1.481.3": Role.MASK,  # RT Structure Set
    "1.2.840.10008.5.1.4.1.1.66.4": Role.MASK,  # Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7": Role.MASK,  # Label Map Segmentation
}
_PROJECTION = re.compile(r"\b(mip|maximum intensity|min ?ip)\b", re.IGNORECASE)
_NOT_CORRECTED = re.compile(
    r"\b(nac|uncorrected|(no|non?|without|w/o|w/out)[- _(]*(ac|attn?|attenuation)\b.*)",
    re.IGNORECASE,
)
_HU = ("HU", "US")  # PS3.3 C.11.1.1.2: Hounsfield units, or unspecified as older scanners write
_NO_SUV = {"PROPCNTS": "proportional counts", "PROPCPS": "proportional counts per second"}


def role_of(header: Header) -> Role:
    """The role that the SOP class gives; OTHER for everything that is no volume or mask."""
    return _ROLES.get(header.sop_class_uid, Role.OTHER)


def why_refused(header: Header) -> str | None:
    """Why this series can never be taken for its role, or None when it may."""
    role = role_of(header)
    if role is Role.MASK:
        return f"{_class_name(header)}: a mask, read only when it is named as one"
    if role is Role.OTHER:
        return f"{_class_name(header)}: no image volume"
    kinds = {each.upper() for each in header.image_type}
    if "LOCALIZER" in kinds:
        return "a localizer (scout): a single projection, not slices"
    if kinds & {"MIP", "MINIP"} or "PROJECTION IMAGE" in kinds or _PROJECTION.search(
        header.words
    ):  # fmt: skip
        return "an intensity projection, not slices"
    if "MOSAIC" in kinds:
        return "a Siemens mosaic: many slices in one frame, their places are not standard"
    is_grey = (header.photometric or "MONOCHROME2").startswith("MONOCHROME")
    if (header.samples_per_pixel or 1) != 1 or not is_grey:
        return "a colour image: a screenshot or fusion, not measured values"
    if role is Role.CT and (header.rescale_type or "HU").upper() not in _HU:
        return f"(0028,1054) Rescale Type {header.rescale_type}: values are no Hounsfield units"
    return _why_no_suv(header) if role is Role.PET else None


def _why_no_suv(header: Header) -> str | None:
    """Every reason why a PET has no absolute scale or is not attenuation-corrected."""
    reasons = []
    if header.corrected and "ATTN" not in header.corrected:
        reasons.append("not attenuation-corrected: (0028,0051) Corrected Image lacks ATTN")
    elif _NOT_CORRECTED.search(header.words):
        reasons.append("not attenuation-corrected by its description (0008,103E)")
    elif (header.attenuation_method or "").upper() in ("NONE", "NO"):
        reasons.append(f"(0054,1101) Attenuation Correction Method is {header.attenuation_method}")
    if header.units in _NO_SUV:
        meaning = _NO_SUV[header.units]
        reasons.append(f"(0054,1001) Units {header.units}: {meaning} cannot become SUV")
    if "REPROJECTION" in header.series_type:
        reasons.append("(0054,1000) Series Type REPROJECTION: projections, not slices")
    return "; ".join(reasons) or None


def _class_name(header: Header) -> str:
    name = pydicom.uid.UID(header.sop_class_uid).name
    return name.removesuffix(" Storage") if name != header.sop_class_uid else "unknown object class"
