"""The weighting of an MR by echo, repetition and inversion time, and by the kind of echo."""

from oligocount.domain.mr import MrSequence
from oligocount.intake.headers import Header

# Times of clinical protocols at 1.5 and 3 T; between them the times alone decide nothing.
_LONG_ECHO_MS, _SHORT_ECHO_MS = 60.0, 30.0
_LONG_REPETITION_MS, _SHORT_REPETITION_MS = 1500.0, 1000.0
_FLUID_MS, _FAT_MS = (1500.0, 3000.0), (80.0, 300.0)
_SHORT_GRADIENT_ECHO_MS, _SHORT_GRADIENT_REPETITION_MS = 8.0, 400.0
_INVERTED_ECHO_MS = 40.0


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
    time = header.inversion_ms
    if not time or _is_gradient(header) or repetition < _LONG_REPETITION_MS:
        return None
    if _FLUID_MS[0] <= time <= _FLUID_MS[1] and echo >= _INVERTED_ECHO_MS:
        return MrSequence.FLAIR
    return MrSequence.STIR if _FAT_MS[0] <= time <= _FAT_MS[1] else None


def _is_gradient(header: Header) -> bool:
    kinds = set(header.mr.scanning)
    return "GR" in kinds and "SE" not in kinds


def _by_gradient(header: Header, echo: float, repetition: float) -> MrSequence | None:
    """Spoiled with short times is T1; a steady state mixes T1 and T2."""
    variant = set(header.mr.variant)
    if "SS" in variant and not variant & {"SP", "MP"}:
        return MrSequence.OTHER
    is_prepared = "MP" in variant or bool(header.inversion_ms)
    is_short = repetition <= _SHORT_GRADIENT_REPETITION_MS or is_prepared
    if echo <= _SHORT_GRADIENT_ECHO_MS and is_short:
        return MrSequence.T1
    return None


def _by_spin(echo: float, repetition: float) -> MrSequence | None:
    if echo >= _LONG_ECHO_MS and repetition >= _SHORT_REPETITION_MS:
        return MrSequence.T2
    if echo <= _SHORT_ECHO_MS and repetition <= _SHORT_REPETITION_MS:
        return MrSequence.T1
    return None
