"""Compares the factors claimed by Real World Value Mapping objects with ours; never follows one."""

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Tracer, ValueMapping
from oligocount.errors import InputError
from oligocount.quantify.body import SuvType
from oligocount.quantify.patient import share_of_weight
from oligocount.settings_quantify import QuantifySettings

_KINDS = {
    "bw": SuvType.BW,
    "lbm": SuvType.LBMJAMES128,
    "ibw": SuvType.IBW,
    "bsa": SuvType.BSA,
}


def compare_mappings(
    tracer: Tracer, factor: float | None, settings: QuantifySettings
) -> tuple[Caveat, ...]:
    """A caveat for each claim that differs from `factor` by more than the setting.

    Claims about another series and those that cannot be compared are told as such.
    """
    return tuple(
        caveat
        for one in tracer.value_mappings
        if (caveat := _compared(one, tracer, factor, settings)) is not None
    )


def _compared(
    one: ValueMapping, tracer: Tracer, factor: float | None, settings: QuantifySettings
) -> Caveat | None:
    kind = _KINDS[one.quantity]
    about = "" if one.is_of_pet else " of another series"
    claim = f"a Real World Value Mapping{about} gives {kind.name} factor {one.slope:g}"
    expected = None if factor is None else _expected(kind, factor, tracer, settings)
    if expected is None:
        return Caveat(code="VALUE_MAPPING_UNCHECKED", text=f"{claim}; it could not be compared")
    ratios = [one.slope / expected, one.slope / (one.rescale_slope or 1.0) / expected]
    if (
        one.is_of_pet
        and min(abs(each - 1) for each in ratios) * 100 <= settings.clock.conflict_percent
    ):
        return None
    text = f"{claim}, {ratios[0]:.3g} times ours of {expected:g}; ours was used"
    return Caveat(code="VALUE_MAPPING_DISAGREES", text=text)


def _expected(
    kind: SuvType, factor: float, tracer: Tracer, settings: QuantifySettings
) -> float | None:
    """Our factor for another kind of SUV; None where the patient's size is not known."""
    if kind is SuvType.BW:
        return factor
    try:
        return factor * share_of_weight(kind, tracer, settings.magnitude).value
    except InputError:
        return None
