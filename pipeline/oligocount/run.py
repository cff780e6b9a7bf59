"""The pipeline: every stage, in order."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from oligocount import locate, multimodal, quantify
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.provider import OrganMapper
from oligocount.assess import assess, count_interval
from oligocount.config import dump_settings
from oligocount.domain.anatomy import Anatomy, OrganMap
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding, Lesion, LesionMap, LocatedLesion, Status
from oligocount.domain.provenance import Caveat, ModelInfo, Provenance
from oligocount.domain.quality import ScanQuality
from oligocount.domain.report import Assessment, Decision
from oligocount.domain.result import CaseStatus, Result
from oligocount.domain.study import AlignedImages, Images, Role, Study, SuvRoute
from oligocount.multimodal import Joined, MrSegmenter, SeenLesion
from oligocount.segment.segmenter import Segmenter, finder_of
from oligocount.settings import Settings
from oligocount.stopwatch import Stopwatch
from oligocount.version import __version__

_FACT = "all_lesions_treatable"
_GLUCOSE = "blood_glucose_mmol_l"


class _HasCaveats(Protocol):
    @property
    def caveats(self) -> tuple[Caveat, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The stages that a user may choose: who draws organs, who finds lesions, who does on MRI."""

    organ_mapper: OrganMapper
    segmenter: Segmenter
    mr_segmenter: MrSegmenter | None = None


def run_study(
    read: Callable[[], tuple[Study, Images]],
    tools: Tools,
    *,
    facts: ClinicalFacts,
    settings: Settings,
    enter: Callable[[str], None] = lambda _stage: None,
) -> Result:
    """One patient, from files to verdicts. `enter` hears the name of each stage as it begins.

    Raises OligocountError: InputError where the scan cannot be used, ModelError where a model
    cannot. Doubt is never raised: it is in the result.
    """
    watch = Stopwatch(enter)
    with watch.stage("intake"):
        study, images = read()
        facts, doubts = _worked_up(study, facts, settings)
    with watch.stage("quantify"):
        aligned, route = _quantified(study, images, settings)
        pet_grid, images = images.pet.geometry, replace(images, pet=aligned.suv, ct=None)
    with watch.stage("organs"):
        organs = tools.organ_mapper(aligned)
        aligned, quality = _judged(aligned, organs, study, facts, settings)
    with watch.stage("anatomy"):
        anatomy = map_anatomy(organs, aligned, settings.anatomy)
    with watch.stage("lesions"):
        foci = (find := finder_of(tools.segmenter, aligned, organs))(settings.segment)
        mri = multimodal.look(images.mr, tools.mr_segmenter, aligned, organs, settings)
    with watch.stage("locate"):
        joined = (place := _placer(anatomy, aligned, facts, mri.seen, settings))(foci)
    with watch.stage("assess"):
        assessment = assess(_findings(joined), facts, settings)
    with watch.stage("interval"):
        interval = count_interval(lambda varied: _findings(place(find(varied))), facts, settings)
    caveats = (*_said(study, images, route, aligned, anatomy, foci, assessment, mri), *doubts)
    return Result(
        case_id=study.case_id,
        status=_status(joined.lesions, assessment, caveats),
        study=study,
        pet_grid=pet_grid,
        images=aligned,
        suv_route=route,
        quality=quality,
        lesion_map=joined.foci,
        anatomy=anatomy,
        lesions=joined.lesions,
        assessment=assessment,
        facts=facts,
        provenance=_provenance((organs.model, foci.model, *mri.models), settings, watch),
        interval=interval,
        caveats=caveats,
    )


def digest(settings: Settings) -> str:
    """SHA-256 of the effective settings: two runs with the same digest used the same numbers."""
    return hashlib.sha256(dump_settings(settings).encode()).hexdigest()


def _worked_up(
    study: Study, facts: ClinicalFacts, settings: Settings
) -> tuple[ClinicalFacts, tuple[Caveat, ...]]:
    """The facts with what the study itself tells, and what stays open."""
    facts, doubts = multimodal.work_up(study, facts)
    return facts, (*doubts, *_doubt_of_treatability(facts, settings))


def _quantified(study: Study, images: Images, settings: Settings) -> tuple[AlignedImages, SuvRoute]:
    """SUV and CT on the part of the PET's grid that holds the patient, and how SUV was had."""
    whole, route = quantify.to_suv(images.pet, study.tracer, settings.quantify)
    suv = quantify.crop_to_patient(whole, settings.quantify.field)
    aligned = quantify.align(suv, images.ct, (), settings.quantify)
    return replace(aligned, mr_full=quantify.in_frame_of(suv, images.mr)), route


def _judged(
    images: AlignedImages, organs: OrganMap, study: Study, facts: ClinicalFacts, settings: Settings
) -> tuple[AlignedImages, ScanQuality]:
    """The images with what is unusual about the scan, and what was measured of it."""
    told = facts.other.get(_GLUCOSE)
    pets = study.chosen(Role.PET)
    quality = quantify.measure_quality(
        images,
        organs,
        study.tracer,
        settings.quantify,
        glucose_mmol_l=float(told) if isinstance(told, int | float) else None,
        missing_slices=pets[0].n_missing if pets and study.tracer else None,
    )
    doubts = quantify.check_quality(quality, settings.quantify.quality)
    return replace(images, caveats=(*images.caveats, *doubts)), quality


def _said(*sources: _HasCaveats) -> tuple[Caveat, ...]:
    """Every caveat once, in the order of the stages."""
    return tuple(dict.fromkeys(caveat for each in sources for caveat in each.caveats))


def _provenance(models: tuple[ModelInfo, ...], settings: Settings, watch: Stopwatch) -> Provenance:
    return Provenance(
        oligocount=__version__,
        models=models,
        settings_digest=digest(settings),
        seconds=watch.seconds,
    )


def _placer(
    anatomy: Anatomy,
    images: AlignedImages,
    facts: ClinicalFacts,
    seen: tuple[SeenLesion, ...],
    settings: Settings,
) -> Callable[[LesionMap], Joined]:
    """A function from foci to lesions, those of MRI among them; it asks of equal voxels once."""
    memory = locate.Memory()

    def site(foci: LesionMap, measured: tuple[Lesion, ...]) -> tuple[LocatedLesion, ...]:
        return locate.place(foci, measured, anatomy, images, facts, settings.locate)

    @functools.lru_cache(maxsize=1)
    def place(foci: LesionMap) -> Joined:
        measured = locate.measure(foci, images.suv, memory=memory)
        located = locate.locate(
            foci, measured, anatomy, images, facts, settings.locate, memory=memory
        )
        joined = multimodal.join(foci, located, seen, site, images.suv, settings.multimodal)
        return replace(joined, lesions=_with_treatability(joined.lesions, facts, settings))

    return place


def _findings(joined: Joined) -> tuple[Finding, ...]:
    return tuple(each.finding for each in joined.lesions)


def _with_treatability(
    located: tuple[LocatedLesion, ...], facts: ClinicalFacts, settings: Settings
) -> tuple[LocatedLesion, ...]:
    told = facts.other.get(_FACT, settings.count.treatable_unless_told)
    treatable = told if isinstance(told, bool) else None
    return tuple(
        replace(each, finding=replace(each.finding, treatable=treatable)) for each in located
    )


def _doubt_of_treatability(facts: ClinicalFacts, settings: Settings) -> tuple[Caveat, ...]:
    if _FACT in facts.other or settings.count.treatable_unless_told is None:
        return ()
    text = (
        "nobody has said whether each lesion can be treated locally with curative intent; the "
        f"verdicts take it that each can (state {_FACT} among the clinical facts)"
    )
    return (Caveat(code="TREATABILITY_ASSUMED", text=text),)


def _status(
    located: tuple[LocatedLesion, ...], assessment: Assessment, caveats: tuple[Caveat, ...]
) -> CaseStatus:
    is_doubtful = (
        any(each.finding.status is Status.EQUIVOCAL for each in located)
        or any(each.decision is Decision.INDETERMINATE for each in assessment.verdicts)
        or bool(caveats)
    )
    return CaseStatus.NEEDS_REVIEW if is_doubtful else CaseStatus.OK
