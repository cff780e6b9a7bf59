"""What the series say of the work-up, the unknown row included."""

import pytest

from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.study import Role, Series, Study
from oligocount.multimodal import work_up


def study(*mr: MrFacts) -> Study:
    series = [
        Series(
            uid=str(n), modality="MR", role=Role.MR, description="", chosen=True, reason="",
            n_instances=3, files=(), mr=facts,
        )
        for n, facts in enumerate(mr)
    ]  # fmt: skip
    return Study(case_id="x", series=tuple(series), tracer=None)


FLAIR = MrFacts(sequence=MrSequence.FLAIR, region=MrRegion.BRAIN)
GADOLINIUM = MrFacts(sequence=MrSequence.T1, region=MrRegion.BRAIN, contrast=True)
LIVER = MrFacts(sequence=MrSequence.T2, region=MrRegion.LIVER)
WHOLE = MrFacts(sequence=MrSequence.STIR, region=MrRegion.WHOLE_BODY)
UNPLACED = MrFacts(sequence=MrSequence.T2)


@pytest.mark.parametrize(
    ("series", "told", "fact", "codes"),
    [
        ((FLAIR, GADOLINIUM), None, True, ["BRAIN_MRI_FROM_SERIES"]),
        ((FLAIR,), None, True, ["BRAIN_MRI_FROM_SERIES", "BRAIN_MRI_WITHOUT_CONTRAST"]),
        ((GADOLINIUM,), True, True, []),
        ((GADOLINIUM,), False, False, ["BRAIN_MRI_CONTRADICTED"]),
        ((LIVER, WHOLE, UNPLACED), None, None, ["BRAIN_NOT_ASSESSED"]),
        ((), None, None, ["BRAIN_NOT_ASSESSED"]),
        ((), True, True, ["BRAIN_NOT_ASSESSED"]),
    ],
)
def test_work_up(
    series: tuple[MrFacts, ...], told: bool | None, fact: bool | None, codes: list[str]
) -> None:
    other = {} if told is None else {"brain_mri_done": told}
    facts, caveats = work_up(study(*series), ClinicalFacts(other=other))
    assert facts.other.get("brain_mri_done") is fact
    assert [each.code for each in caveats] == codes
