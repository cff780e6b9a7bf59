"""What the series at hand say of the work-up: whether a brain MRI exists."""

from dataclasses import replace

from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.mr import MrRegion, MrSequence
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Role, Series, Study

BRAIN_MRI = "brain_mri_done"
_NOT_ASSESSED = Caveat(
    code="BRAIN_NOT_ASSESSED",
    text=(
        "brain not assessed: no MR of the brain is among the series, and FDG PET excludes no brain "
        "metastasis"
    ),
)
_ANATOMY = (MrSequence.T1, MrSequence.T2, MrSequence.FLAIR)


def brain_series(study: Study) -> tuple[Series, ...]:
    """The MR series of the brain that were taken; a whole-body MR is none."""
    return tuple(
        one
        for one in study.chosen(Role.MR)
        if one.mr and one.mr.region is MrRegion.BRAIN and one.mr.sequence in _ANATOMY
    )


def work_up(study: Study, facts: ClinicalFacts) -> tuple[ClinicalFacts, tuple[Caveat, ...]]:
    """The facts with what the series show, and what is told of it.

    A brain MRI among the series was done; none among them says nothing, for it may lie elsewhere.
    What a person states stands, and a contradiction is told.
    """
    found = brain_series(study)
    if not found:
        return facts, (_NOT_ASSESSED,)
    names = ", ".join(sorted({one.mr.title for one in found if one.mr}))
    told = facts.other.get(BRAIN_MRI)
    if told is False:
        text = f"{BRAIN_MRI} is stated as false, but there is MR of the brain: {names}"
        return facts, (Caveat(code="BRAIN_MRI_CONTRADICTED", text=text),)
    caveats = _about_contrast(found)
    if told is None:
        facts = replace(facts, other={**facts.other, BRAIN_MRI: True})
        text = f"{BRAIN_MRI} was taken as true from the series themselves: {names}"
        caveats = (Caveat(code="BRAIN_MRI_FROM_SERIES", text=text), *caveats)
    return facts, caveats


def _about_contrast(found: tuple[Series, ...]) -> tuple[Caveat, ...]:
    if any(one.mr and one.mr.kind == "t1_contrast" for one in found):
        return ()
    text = (
        "no T1 with contrast is known among the MR of the brain: small metastases may not be seen"
    )
    return (Caveat(code="BRAIN_MRI_WITHOUT_CONTRAST", text=text),)
