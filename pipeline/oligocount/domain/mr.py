"""What is known of an MR series: sequence, plane, region, contrast agent, diffusion, Dixon part."""

from dataclasses import dataclass
from enum import Enum


class MrSequence(Enum):
    """What the picture is weighted by."""

    T1 = "t1"
    T2 = "t2"
    FLAIR = "flair"
    STIR = "stir"
    DWI = "dwi"
    ADC = "adc"
    OTHER = "other"


class MrPlane(Enum):
    """The plane of its slices."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    OBLIQUE = "oblique"


class MrRegion(Enum):
    """The part of the body that it was planned for."""

    BRAIN = "brain"
    LIVER = "liver"
    WHOLE_BODY = "whole_body"
    OTHER = "other"

    @property
    def organ(self) -> str | None:
        """The one organ that it is of, by the organ map's name; None for any other region."""
        return self.value if self in (MrRegion.BRAIN, MrRegion.LIVER) else None


class DixonPart(Enum):
    """Which image of a Dixon acquisition."""

    WATER = "water"
    FAT = "fat"
    IN_PHASE = "in_phase"
    OUT_PHASE = "out_phase"


@dataclass(frozen=True, slots=True, kw_only=True)
class MrFacts:
    """One MR volume's nature, and by what it is known. None = the header does not say.

    `b_values` are in s/mm2. `adc_um2_s` is what one unit of the voxel values stands for in an
    ADC map (1e-6 mm2/s = 1 um2/s), None where nothing states it.
    """

    sequence: MrSequence
    plane: MrPlane | None = None
    region: MrRegion | None = None
    contrast: bool | None = None
    b_values: tuple[float, ...] = ()
    dixon: DixonPart | None = None
    adc_um2_s: float | None = None
    evidence: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The word that names files and network channels: t1, t1_contrast, t2, dwi, ..."""
        if self.sequence is MrSequence.T1 and self.contrast:
            return "t1_contrast"
        return self.sequence.value

    @property
    def title(self) -> str:
        """The facts in a few words, what is unknown named as such."""
        words = [self.sequence.value.upper() if self.sequence is not MrSequence.OTHER else "MR"]
        if self.b_values:
            words.append("b " + "/".join(f"{each:g}" for each in self.b_values))
        if self.dixon:
            words.append(f"Dixon {self.dixon.value.replace('_', ' ')}")
        words.append(self.plane.value if self.plane else "plane unknown")
        words.append(_place(self.region))
        if self.sequence is MrSequence.T1:
            told = {True: "with contrast", False: "without contrast", None: "contrast unknown"}
            words.append(told[self.contrast])
        return ", ".join(words)


def _place(region: MrRegion | None) -> str:
    if region is None:
        return "region unknown"
    return "another region" if region is MrRegion.OTHER else region.value.replace("_", " ")
