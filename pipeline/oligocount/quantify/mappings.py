"""Compares the factors claimed by Real World Value Mapping objects with ours; never follows one."""

from collections.abc import Iterator, Mapping, Sequence

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
    """A caveat for the claims that differ from `factor` by more than the setting.

    Claims about another series are told apart; so are those that cannot be compared.
    """
    return tuple(
        caveat
        for is_of_pet in (True, False)
        for caveat in _compared(
            [one for one in tracer.value_mappings if one.is_of_pet is is_of_pet],
            {kind: _expected(kind, factor, tracer, settings) for kind in _KINDS.values()},
            settings.clock.conflict_percent,
        )
    )


def _compared(
    claims: Sequence[ValueMapping], expected: Mapping[SuvType, float | None], percent: float
) -> Iterator[Caveat]:
    odd, unknown = [], []
    for one in claims:
        kind = _KINDS[one.quantity]
        ours = expected[kind]
        if ours is None:
            unknown.append(f"{kind.name} {one.slope:g}")
        elif not one.is_of_pet or _gap(one, ours) * 100 > percent:
            odd.append(f"{kind.name} {one.slope:g} ({one.slope / ours:.3g} times ours)")
    about = "" if all(one.is_of_pet for one in claims) else ", of another series,"
    claim = f"a Real World Value Mapping{about} gives factors"
    if odd:
        text = f"{claim} {', '.join(odd)}; ours were used"
        yield Caveat(code="VALUE_MAPPING_DISAGREES", text=text)
    if unknown:
        text = f"{claim} {', '.join(unknown)}; they could not be compared"
        yield Caveat(code="VALUE_MAPPING_UNCHECKED", text=text)


def _gap(one: ValueMapping, ours: float) -> float:
    """How far the claim is from ours, meant for rescaled or for stored values."""
    return min(abs(one.slope / scale / ours - 1) for scale in (1.0, one.rescale_slope or 1.0))


def _expected(
    kind: SuvType, factor: float | None, tracer: Tracer, settings: QuantifySettings
) -> float | None:
    """Our factor for another kind of SUV; None where ours or the patient's size is not known."""
    if factor is None or kind is SuvType.BW:
        return factor
    try:
        return factor * share_of_weight(kind, tracer, settings.magnitude).value
    except InputError:
        return None
