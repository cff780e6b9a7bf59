"""Activity to SUV: the rule for each unit, from headers alone, and its use on the voxels.

`suv = stored value x factor`. By Units (0054,1001):

- BQML: weight / injected dose, times decay (`decay`, `clock`).
- GML, CM2ML: already normalised, by (0054,1006) SUV Type. BW stays (also where the type is
  absent, PS3.3 C.8.9.1); the others become SUVbw with the patient's size and sex, or are kept
  and labelled where these are not known.
- CNTS: Philips (7053,1000) SUV factor; else Philips (7053,1009) activity factor, then as BQML.
- The others (PROPCNTS, PROPCPS, CPS, 1CM, CNTS without a factor) are refused: what they mean
  depends on a calibration that no header states (Vacha et al., SUV manual).
"""

from dataclasses import dataclass, replace

import numpy as np

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import SuvRoute, Tracer
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import (
    GeometryError,
    InputError,
    MissingTag,
    QuantificationError,
    UnsupportedUnit,
)
from oligocount.quantify.body import SuvType
from oligocount.quantify.decay import decay_factors
from oligocount.quantify.mappings import compare_mappings
from oligocount.quantify.patient import (
    check_drug,
    dose_bq,
    half_life_s,
    share_of_weight,
    weight_kg,
)
from oligocount.quantify.step import Step
from oligocount.quantify.uptake import check_uptake
from oligocount.settings_quantify import QuantifySettings

_UNITS, _SUV_TYPE = "0054,1001", "0054,1006"
_UNIT_OF_TYPE = {SuvType.BW: Unit.SUVBW, SuvType.BSA: Unit.CM2ML}
_NAMED = {Unit.BQML: "BQML", Unit.GML: "GML", Unit.CM2ML: "CM2ML", Unit.CNTS: "CNTS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Factors (one, or one a slice of the tracer), what they lead to, and how it is told."""

    factors: tuple[float, ...]
    unit: Unit
    route: SuvRoute


def suv_route(tracer: Tracer, settings: QuantifySettings) -> SuvRoute:
    """How SUV will be computed, from headers alone.

    Raises UnsupportedUnit, MissingTag or QuantificationError where it cannot be.
    """
    return _rule(tracer, settings).route


def to_suv(
    pet: Volume, tracer: Tracer | None, settings: QuantifySettings
) -> tuple[Volume, SuvRoute]:
    """The PET volume in SUVbw (or its own SUV where that cannot be converted), and how.

    A volume that already is in SUVbw passes; its route says that nothing was checked.
    Raises UnsupportedUnit, MissingTag or QuantificationError where SUV cannot be computed.
    """
    if pet.unit is Unit.SUVBW:
        return pet, _given()
    if tracer is None:
        raise MissingTag(f"PET in {pet.unit.value} without dose, time and weight: no SUV")
    if tracer.units and _NAMED.get(pet.unit, tracer.units) != tracer.units:
        raise QuantificationError(f"PET is in {pet.unit.value}, its header says {tracer.units}")
    rule = _rule(tracer, settings)
    factors = np.float32(_by_slice(rule.factors, tracer, pet.geometry))
    return Volume(array=pet.array * factors, unit=rule.unit, geometry=pet.geometry), rule.route


def to_suv_type(
    suv: Volume, route: SuvRoute, kind: SuvType, tracer: Tracer | None, settings: QuantifySettings
) -> tuple[Volume, SuvRoute]:
    """SUVbw as another kind of SUV: lean body mass, ideal weight or body surface area.

    Raises QuantificationError for a volume that is not SUVbw, MissingTag or QuantificationError
    where the patient's weight, height or sex are not known.
    """
    if kind is SuvType.BW and suv.unit is Unit.SUVBW:
        return suv, route
    if suv.unit is not Unit.SUVBW or tracer is None:
        raise QuantificationError(f"{route.kind} ({route.route}) cannot become {kind.value}")
    share = share_of_weight(kind, tracer, settings.magnitude)
    array = suv.array * np.float32(share.value)
    told = replace(
        route,
        kind=kind.value,
        route=f"{route.route}/as {kind.name}",
        factor=None if route.factor is None else route.factor * share.value,
        tags={**route.tags, **{tag: tracer.tags[tag] for tag in share.tags if tag in tracer.tags}},
        caveats=tuple(dict.fromkeys((*route.caveats, *share.caveats))),
    )
    unit = _UNIT_OF_TYPE.get(kind, Unit.GML)
    return Volume(array=array, unit=unit, geometry=suv.geometry), told


def _given() -> SuvRoute:
    text = "the PET came as SUV; how it was computed is not known"
    caveat = Caveat(code="SUV_AS_GIVEN", text=text)
    return SuvRoute(kind="SUVbw", route="SUV as given", factor=1.0, tags={}, caveats=(caveat,))


def _rule(tracer: Tracer, settings: QuantifySettings) -> _Rule:
    rule = _rule_of_unit(tracer, settings)
    factor = rule.route.factor if rule.unit is Unit.SUVBW else None
    doubts = (*compare_mappings(tracer, factor, settings), *check_uptake(tracer, settings))
    return replace(rule, route=replace(rule.route, caveats=(*rule.route.caveats, *doubts)))


def _rule_of_unit(tracer: Tracer, settings: QuantifySettings) -> _Rule:
    doubts = check_drug(tracer, settings.allowed_radiopharmaceuticals)
    match tracer.units:
        case "BQML":
            return _told("BQML", _from_activity(tracer, settings), tracer, doubts)
        case "GML" | "CM2ML":
            return _from_suv(tracer, settings, doubts)
        case "CNTS":
            return _told("CNTS", _from_counts(tracer, settings), tracer, doubts)
    raise UnsupportedUnit(
        f"(0054,1001) Units: found {tracer.units!r}, expected BQML, GML, CM2ML or Philips CNTS"
    )


def _told(
    name: str, step: Step[tuple[float, ...]], tracer: Tracer, doubts: tuple[Caveat, ...],
    kind: SuvType = SuvType.BW,
) -> _Rule:  # fmt: skip
    used = (_UNITS, *step.tags)
    route = SuvRoute(
        kind=kind.value,
        route=f"{name}/{step.rule}",
        factor=step.value[0] if len(step.value) == 1 else None,
        tags={tag: tracer.tags[tag] for tag in used if tag in tracer.tags},
        caveats=(*tracer.caveats, *doubts, *step.caveats),
    )
    return _Rule(factors=step.value, unit=_UNIT_OF_TYPE.get(kind, Unit.GML), route=route)


def _from_activity(tracer: Tracer, settings: QuantifySettings) -> Step[tuple[float, ...]]:
    weight = weight_kg(tracer, settings.magnitude)
    dose = dose_bq(tracer, settings.magnitude)
    decay = decay_factors(tracer, half_life_s(tracer, settings.magnitude), settings.clock)
    scale = weight.value * 1000 / dose.value
    return Step(
        value=tuple(scale * each for each in decay.value),
        rule="/".join(filter(None, (decay.rule, dose.rule, weight.rule))),
        tags=(*weight.tags, *dose.tags, *decay.tags),
        caveats=(*weight.caveats, *dose.caveats, *decay.caveats),
    )


def _from_counts(tracer: Tracer, settings: QuantifySettings) -> Step[tuple[float, ...]]:
    direct, activity = tracer.vendor_suv_factor or 0.0, tracer.vendor_activity_factor or 0.0
    if direct > 0:
        return Step(
            value=(direct,),
            rule="Philips SUV factor",
            tags=("7053,1000",),
            caveats=_against_activity(direct, activity, tracer, settings),
        )
    if activity <= 0:
        raise UnsupportedUnit(
            "(0054,1001) Units CNTS without Philips (7053,1000) or (7053,1009): counts have no "
            "known calibration"
        )
    step = _from_activity(tracer, settings)
    return replace(
        step,
        value=tuple(activity * each for each in step.value),
        rule=f"Philips activity factor/{step.rule}",
        tags=("7053,1009", *step.tags),
    )


def _against_activity(
    direct: float, activity: float, tracer: Tracer, settings: QuantifySettings
) -> tuple[Caveat, ...]:
    """Philips' two factors where both stand: a caveat when they lead to different SUV."""
    if activity <= 0:
        return ()
    try:
        factor = activity * _from_activity(tracer, settings).value[0]
    except InputError:
        return ()
    if abs(direct / factor - 1) * 100 <= settings.clock.conflict_percent:
        return ()
    text = (
        f"Philips (7053,1000) gives factor {direct:g}, (7053,1009) with dose and weight "
        f"{factor:g}; the first was used"
    )
    return (Caveat(code="VENDOR_FACTOR_CONFLICT", text=text),)


def _from_suv(tracer: Tracer, settings: QuantifySettings, doubts: tuple[Caveat, ...]) -> _Rule:
    name = tracer.units or ""
    default = "BSA" if name == "CM2ML" else "BW"
    kind = SuvType.__members__.get(tracer.suv_type or default)
    if kind is None or (kind is SuvType.BSA) != (name == "CM2ML"):
        raise UnsupportedUnit(
            f"(0054,1006) SUV Type {tracer.suv_type!r} with Units {name}: expected one of "
            f"{', '.join(SuvType.__members__)}, BSA with CM2ML alone"
        )
    if kind is SuvType.BW:
        plain: Step[tuple[float, ...]] = Step(value=(1.0,), rule="BW", tags=(_SUV_TYPE,))
        return _told(name, plain, tracer, doubts)
    try:
        step = _to_body_weight(kind, tracer, settings)
    except (MissingTag, QuantificationError) as reason:
        text = f"values are {kind.value} and were kept so: {reason}"
        kept: Step[tuple[float, ...]] = Step(
            value=(1.0,),
            rule=f"{kind.name} kept",
            tags=(_SUV_TYPE,),
            caveats=(Caveat(code="SUV_NOT_BW", text=text),),
        )
        return _told(name, kept, tracer, doubts, kind)
    return _told(name, step, tracer, doubts)


def _to_body_weight(
    kind: SuvType, tracer: Tracer, settings: QuantifySettings
) -> Step[tuple[float, ...]]:
    share = share_of_weight(kind, tracer, settings.magnitude)
    return Step(
        value=(1 / share.value,),
        rule=f"{kind.name} to BW",
        tags=(_SUV_TYPE, *share.tags),
        caveats=share.caveats,
    )


def _by_slice(factors: tuple[float, ...], tracer: Tracer, geometry: Geometry) -> float | np.ndarray:
    """One factor, or a column of them: each slice takes that of the nearest slice measured."""
    if len(factors) == 1:
        return factors[0]
    known = [one.position_lps_mm for one in tracer.slices if one.position_lps_mm]
    if len(known) != len(factors):
        raise GeometryError("(0020,0032) Image Position: absent where each slice needs its own")
    measured = geometry.to_index(np.array(known, float))[:, 0]
    wanted = np.arange(geometry.shape[0])
    nearest = np.abs(wanted[:, None] - measured).argmin(axis=1)
    column: np.ndarray = np.array(factors)[nearest]
    return column[:, None, None]
