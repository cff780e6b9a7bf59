"""Which lesions become objects, their names and their tracking identifiers."""

from pydicom.uid import UID

from oligocount.domain.lesion import Kind, LocatedLesion, Status
from oligocount.domain.result import Result
from oligocount.publish.dicom.origin import Origin


def reported_lesions(result: Result) -> tuple[LocatedLesion, ...]:
    """All but physiologic and benign foci, which are no lesions to follow or to treat.

    What lies beyond the PET has no voxel on it and is left out of objects drawn on the PET.
    """
    return tuple(
        located
        for located in result.lesions
        if located.finding.kind is not Kind.PHYSIOLOGIC
        and located.finding.status is not Status.BENIGN
        and located.lesion.has_uptake
    )


def lesion_name(located: LocatedLesion) -> str:
    """Number, kind, place and doubt in a few words: `Lesion 3 node 104L (equivocal)`."""
    finding = located.finding
    site = finding.site
    place = site.station.key if site.station else site.structure or site.organ or "unknown place"
    doubt = f" ({finding.status.value})" if finding.status is not Status.MALIGNANT else ""
    return f"Lesion {finding.id} {finding.kind.value} {place.replace('_', ' ')}{doubt}"


def tracking_uid(located: LocatedLesion, origin: Origin) -> UID:
    """The same in every object of this result."""
    return origin.uid(f"lesion {located.lesion.id}")
