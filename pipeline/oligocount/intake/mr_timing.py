"""The weighting of an MR by echo, repetition and inversion time, and by the kind of echo."""

from dataclasses import dataclass
from functools import cache

from oligocount.domain.mr import MrSequence
from oligocount.intake.headers import Header
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpinEcho:
    short_echo_ms: float
    long_echo_ms: float
    short_repetition_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inversion:
    least_repetition_ms: float
    fluid_ms: tuple[float, float]
    fat_ms: tuple[float, float]
    least_fluid_echo_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _GradientEcho:
    short_echo_ms: float
    short_repetition_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """The bounds of configs/mr_times.yaml."""

    spin_echo: _SpinEcho
    inversion: _Inversion
    gradient_echo: _GradientEcho


@cache
def _times() -> _Times:
    told = read_shipped_yaml(shipped_folder("configs") / "mr_times.yaml")
    return _Times(
        spin_echo=_SpinEcho(**told["spin_echo"]),
        inversion=_Inversion(**told["inversion"]),
        gradient_echo=_GradientEcho(**told["gradient_echo"]),
    )


def sequence_by_times(header: Header) -> tuple[MrSequence, str] | None:
    """The weighting with its reason, or None where the times do not decide."""
    echo, repetition = header.echo_ms, header.repetition_ms
    if echo is None or repetition is None:
        return None
    told = f"TE {echo:g}, TR {repetition:g} ms"
    inverted = _by_inversion(header, echo, repetition)
    if inverted:
        return inverted, f"{told}, TI {header.inversion_ms:g} ms"
    found = _by_gradient(header, echo, repetition) if _is_gradient(header) else None
    if not _is_gradient(header):
        found = _by_spin(echo, repetition)
    return (found, told) if found else None


def _by_inversion(header: Header, echo: float, repetition: float) -> MrSequence | None:
    time, bounds = header.inversion_ms, _times().inversion
    if not time or _is_gradient(header) or repetition < bounds.least_repetition_ms:
        return None
    is_fluid = bounds.fluid_ms[0] <= time <= bounds.fluid_ms[1]
    if is_fluid and echo >= bounds.least_fluid_echo_ms:
        return MrSequence.FLAIR
    return MrSequence.STIR if bounds.fat_ms[0] <= time <= bounds.fat_ms[1] else None


def _is_gradient(header: Header) -> bool:
    kinds = set(header.mr.scanning)
    return "GR" in kinds and "SE" not in kinds


def _by_gradient(header: Header, echo: float, repetition: float) -> MrSequence | None:
    """Spoiled with short times is T1; a steady state mixes T1 and T2."""
    variant, bounds = set(header.mr.variant), _times().gradient_echo
    if "SS" in variant and not variant & {"SP", "MP"}:
        return MrSequence.OTHER
    is_prepared = "MP" in variant or bool(header.inversion_ms)
    is_short = repetition <= bounds.short_repetition_ms or is_prepared
    if echo <= bounds.short_echo_ms and is_short:
        return MrSequence.T1
    return None


def _by_spin(echo: float, repetition: float) -> MrSequence | None:
    bounds = _times().spin_echo
    if echo >= bounds.long_echo_ms and repetition >= bounds.short_repetition_ms:
        return MrSequence.T2
    if echo <= bounds.short_echo_ms and repetition <= bounds.short_repetition_ms:
        return MrSequence.T1
    return None
