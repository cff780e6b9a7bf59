"""Anatomy and findings as DICOM codes (PS3.16); SNOMED CT where it has the concept."""

from collections.abc import Mapping

from pydicom.sr.coding import Code

from oligocount.domain.anatomy import Side, Structure
from oligocount.domain.lesion import Finding, Kind, Status

PRIVATE_SCHEME = "99OLIGOCOUNT"

ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
ANATOMICAL = Code("91723000", "SCT", "Anatomical Structure")
LESION = Code("52988006", "SCT", "Lesion")
NEOPLASM_PRIMARY = Code("372087000", "SCT", "Neoplasm, Primary")
NEOPLASM_SECONDARY = Code("14799000", "SCT", "Neoplasm, Secondary")
LYMPH_NODE = Code("59441001", "SCT", "Lymph node")

_ORGANS: Mapping[str, Code] = {
    "lung": Code("39607008", "SCT", "Lung"),
    "liver": Code("10200004", "SCT", "Liver"),
    "bone": Code("272673000", "SCT", "Bone"),
    "adrenal": Code("23451007", "SCT", "Adrenal gland"),
    "brain": Code("12738006", "SCT", "Brain"),
    "kidney": Code("64033007", "SCT", "Kidney"),
    "spleen": Code("78961009", "SCT", "Spleen"),
    "pancreas": Code("15776009", "SCT", "Pancreas"),
    "thyroid": Code("69748006", "SCT", "Thyroid"),
    "soft_tissue": Code("87784001", "SCT", "Soft tissue"),
    "pleura": Code("3120008", "SCT", "Pleura"),
    "peritoneum": Code("15425007", "SCT", "Peritoneum"),
    "pericardium": Code("76848001", "SCT", "Pericardium"),
    "meninges": Code("1231004", "SCT", "Meninges"),
    "bone_marrow": Code("14016003", "SCT", "Bone marrow"),
    "lymph_node": LYMPH_NODE,
    "oesophagus": Code("32849002", "SCT", "Esophagus"),
    "stomach": Code("69695003", "SCT", "Stomach"),
}
_SIDES: Mapping[Side, Code] = {
    Side.LEFT: Code("7771000", "SCT", "Left"),
    Side.RIGHT: Code("24028007", "SCT", "Right"),
}


def finding_type(finding: Finding) -> Code:
    """What the lesion is taken for; an equivocal one is a lesion and no more."""
    if finding.status is not Status.MALIGNANT:
        return LESION
    return NEOPLASM_PRIMARY if finding.kind is Kind.PRIMARY else NEOPLASM_SECONDARY


def finding_site(finding: Finding, structures: Mapping[str, Structure]) -> Code | None:
    """The finest place that has a code; None where the place is unknown or has none."""
    site = finding.site
    structure = structures.get(site.structure) if site.structure else None
    if structure is not None and structure.snomed and finding.kind is not Kind.NODE:
        return structure_code(structure)
    return _ORGANS.get(site.organ) if site.organ else None


def structure_code(structure: Structure) -> Code:
    """The code of an organ map's structure; of any structure where it has none of its own."""
    if not structure.snomed:
        return ANATOMICAL
    return Code(structure.snomed, "SCT", structure.name.replace("_", " ").capitalize())


def laterality(side: Side | None) -> Code | None:
    """The code of a side (CID 244); the midline has none."""
    return _SIDES.get(side) if side else None


def private(value: str, meaning: str) -> Code:
    """A code of our own, for what no standard names."""
    return Code(value[:16], PRIVATE_SCHEME, meaning[:64])
