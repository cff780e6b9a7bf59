"""How long the tracer was in the patient before the scan."""

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Tracer
from oligocount.errors import InputError
from oligocount.quantify.clock import earliest_acquisition, injection
from oligocount.quantify.patient import half_life_s
from oligocount.settings_quantify import QuantifySettings


def uptake_minutes(tracer: Tracer, settings: QuantifySettings) -> float | None:
    """Minutes from injection to the start of the scan; None where a time is not known."""
    start = earliest_acquisition(tracer) or tracer.series_start or tracer.decay_reference
    if start is None:
        return None
    try:
        injected = injection(
            tracer, start, half_life_s(tracer, settings.magnitude).value, settings.clock
        )
    except InputError:
        return None
    return (start - injected.value).total_seconds() / 60


def check_uptake(tracer: Tracer, settings: QuantifySettings) -> tuple[Caveat, ...]:
    """A caveat where the time is out of the usual range or not known."""
    low, high = settings.quality.min_uptake_minutes, settings.quality.max_uptake_minutes
    minutes = uptake_minutes(tracer, settings)
    if minutes is None:
        text = "time from injection to scan is not known; SUV depends on it"
        return (Caveat(code="UPTAKE_TIME_UNKNOWN", text=text),)
    if low <= minutes <= high:
        return ()
    trend = "higher in tumours and lower in blood" if minutes > high else "lower in tumours"
    text = (
        f"the scan began {minutes:.1f} min after injection, usual are {low:g} to {high:g}: "
        f"SUV tends to be {trend} than at 60 min"
    )
    return (Caveat(code="UPTAKE_TIME", text=text),)
