"""From images to a network's input channels, on the network's grid.

A channel is named by what it holds; a bundle's metadata lists the names in order:

    suv_log           log(1 + SUV), negative SUV as 0
    ct_wide           HU / 1000, clipped to -1..1.5
    ct_soft           HU / 200 within -200..250, where soft tissues differ
    has_suv, has_ct   1 everywhere when the image is there, else 0
    organs:a|b        1 inside any of the named structures, or of those whose name begins so
    has_organs        1 everywhere when an organ map is there, else 0
    mr_<kind>         an MR, its tissue at mean 0 and deviation 1; an ADC map in um2/s over 1000

An image that is absent leaves its channels 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import BundleMismatch, GeometryError

AIR_HU = -1000.0
_TISSUE_SHARE = 0.1  # of an MR's bright end: above is tissue
ADC_SCALE = 1000.0
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """What a network may look at: any of it may be absent, all lies on the network's grid.

    The grid is axis-aligned (geometry.affine.axial_grid with the bundle's spacing); beyond the
    image SUV is 0 and CT is `AIR_HU`. Raises GeometryError for no image or differing grids.
    """

    suv: Volume | None = None
    ct: Volume | None = None
    organs: LabelMap | None = None

    def __post_init__(self) -> None:
        present = [each for each in (self.suv, self.ct, self.organs) if each is not None]
        if not present:
            raise GeometryError("a network needs at least one image")
        if not all(each.geometry.is_same_grid(present[0].geometry) for each in present):
            raise GeometryError("the images of one network input lie on different grids")

    @property
    def geometry(self) -> Geometry:
        """The grid that all of them share."""
        return next(each.geometry for each in (self.suv, self.ct, self.organs) if each is not None)


def fill_channels(names: Sequence[str], inputs: Inputs) -> Array:
    """Channels (C, k, j, i) by name. Raises BundleMismatch for a name that nothing fills."""
    out = np.zeros((len(names), *inputs.geometry.shape), np.float32)
    for channel, name in zip(out, names, strict=True):
        channel[...] = _channel(name, inputs)
    return out


def intensity_channel(name: str, values: Array) -> Array:
    """A named channel from SUV or HU values, as networks were trained on it."""
    if name == "suv_log":
        return np.log1p(np.maximum(values, 0)).astype(np.float32)
    if name == "ct_wide":
        return (np.clip(values, -1000, 1500) / 1000).astype(np.float32)
    if name == "ct_soft":
        return (np.clip(values, -200, 250) / 200).astype(np.float32)
    raise BundleMismatch(f"channel {name!r} is not one that oligocount can fill")


def mr_channel(values: Array, *, is_adc: bool) -> Array:
    """An MR as a network sees it; what shows no tissue at all is 0."""
    if is_adc:
        return (values / np.float32(ADC_SCALE)).astype(np.float32)
    mean, deviation = tissue_level(values)
    return ((values - mean) / deviation if deviation else np.zeros_like(values)).astype(np.float32)


def tissue_level(values: Array) -> tuple[float, float]:
    """Mean and deviation of an MR's tissue; (0, 0) where there is none."""
    tissue = values[values > _TISSUE_SHARE * float(np.percentile(values, 99))]
    if not tissue.size:
        return 0.0, 0.0
    return float(tissue.mean()), max(float(tissue.std()), 1e-6)


def structure_mask(labels: LabelMap, names: Sequence[str]) -> NDArray[np.bool_]:
    """True inside structures that bear one of the names, alone or followed by an underscore."""
    chosen = [
        each for each in labels.names.values() if any(f"{each}_".startswith(f"{n}_") for n in names)
    ]
    return labels.mask(*chosen)


def _channel(name: str, inputs: Inputs) -> Array | float | NDArray[np.bool_]:
    if name.startswith("has_"):
        held = {"has_suv": inputs.suv, "has_ct": inputs.ct, "has_organs": inputs.organs}
        if name not in held:
            raise BundleMismatch(f"channel {name!r} is not one that oligocount can fill")
        return float(held[name] is not None)
    if name.startswith("organs:"):
        wanted = name.removeprefix("organs:").split("|")
        return 0.0 if inputs.organs is None else structure_mask(inputs.organs, wanted)
    image = inputs.suv if name.startswith("suv") else inputs.ct
    return 0.0 if image is None else intensity_channel(name, image.array)
