"""The chosen series of a study to volumes in their own units."""

import numpy as np

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Images, MrImage, Role, Series, Study
from oligocount.domain.volume import Unit, Volume
from oligocount.errors import InputError, SeriesNotFound, UnsupportedUnit
from oligocount.intake.mr import mr_facts
from oligocount.intake.pixels import Progress, jumping_slices, read_stack
from oligocount.intake.scan import ScannedStudy, read_headers
from oligocount.intake.select import group_frames, stack_key
from oligocount.intake.shear import is_sheared, straighten
from oligocount.intake.slices import Stack, stack_slices
from oligocount.intake.source import Sources
from oligocount.intake.stations import compose_stations
from oligocount.settings import IntakeSettings

_PET_UNITS = {"BQML": Unit.BQML, "CNTS": Unit.CNTS, "GML": Unit.GML, "CM2ML": Unit.CM2ML}


def load(study: Study, settings: IntakeSettings, progress: Progress | None = None) -> Images:
    """The pixels of every chosen series: PET in the unit it states, CT in HU, MR arbitrary.

    Raises InputError when the PET or CT cannot be read; an MR that cannot is left out and told.
    """
    pets = study.chosen(Role.PET)
    if not pets:
        raise SeriesNotFound("no PET series is chosen in this study")
    caveats: list[Caveat] = []
    with Sources() as sources:
        pet, _ = _volume(study, pets[0], sources, settings, progress)
        caveats += _about_jumps(pet, settings)
        cts = [_volume(study, one, sources, settings, progress)[0] for one in study.chosen(Role.CT)]
        images = []
        for one in study.chosen(Role.MR):
            try:
                volume, stack = _volume(study, one, sources, settings, progress)
            except InputError as error:
                caveats.append(Caveat(code="MR_LEFT_OUT", text=f"MR series {one.uid}: {error}"))
                continue
            images.append(_mr_image(one, volume, stack))
    return Images(
        pet=pet, ct=cts[0] if cts else None, mr=compose_stations(images), caveats=tuple(caveats)
    )


def _volume(
    study: Study,
    series: Series,
    sources: Sources,
    settings: IntakeSettings,
    progress: Progress | None,
) -> tuple[Volume, Stack]:
    known = study.stacks.get(stack_key(series)) if isinstance(study, ScannedStudy) else None
    stack = known or _stack_again(series, settings)
    floor = settings.ct_floor_hu if series.role is Role.CT else None
    workers = settings.workers
    array = read_stack(stack, sources, workers=workers, floor=floor, progress=progress)
    outside = floor or 0.0
    geometry = stack.geometry
    if is_sheared(geometry, settings.slices.spacing_fraction):
        array, geometry = straighten(array, geometry, outside=outside)
    return Volume(array=array, unit=_unit(series.role, stack), geometry=geometry), stack


def _mr_image(series: Series, volume: Volume, stack: Stack) -> MrImage:
    facts = mr_facts(stack.headers)
    if facts.adc_um2_s is not None:
        array = volume.array * np.float32(facts.adc_um2_s)
        volume = Volume(array=array, unit=Unit.ADC, geometry=volume.geometry)
    return MrImage(
        kind=facts.kind,
        series_uid=series.uid,
        volume=volume,
        facts=facts,
        series_uids=(series.uid,),
    )


def _stack_again(series: Series, settings: IntakeSettings) -> Stack:
    """The stack of a series that another process scanned, from its files."""
    headers = read_headers(series.files, settings)
    groups = [one for one in group_frames(headers) if one[0].series_uid == series.uid]
    if len(groups) <= series.part:
        raise InputError(f"series {series.uid}: its files changed since they were scanned")
    return stack_slices(groups[series.part], settings)


def _about_jumps(pet: Volume, settings: IntakeSettings) -> list[Caveat]:
    factor = settings.slices.jump_factor
    jumps = jumping_slices(pet.array, factor=factor)
    if not jumps:
        return []
    text = f"{len(jumps)} PET slice(s) differ from both neighbours over {factor:g}-fold"
    return [Caveat(code="SLICE_JUMP", text=f"{text}, first at index {jumps[0]}: a wrong slope?")]


def _unit(role: Role, stack: Stack) -> Unit:
    if role is not Role.PET:
        return Unit.HU if role is Role.CT else Unit.ARBITRARY
    units = {one.units for one in stack.headers}
    if len(units) > 1:
        raise UnsupportedUnit(f"(0054,1001) Units vary within the PET: {sorted(map(str, units))}")
    unit = _PET_UNITS.get(units.pop() or "")
    if unit is None:
        raise UnsupportedUnit(
            f"(0054,1001) Units {stack.headers[0].units!r}; expected one of {', '.join(_PET_UNITS)}"
        )
    return unit
