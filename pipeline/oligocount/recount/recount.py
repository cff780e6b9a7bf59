"""A case and a reader's edits to the reader's version of the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oligocount.assess import assess, facts_from, patients_from
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.domain.report import Assessment, Decision
from oligocount.domain.volume import LabelMap, Volume
from oligocount.errors import ConfigError, GeometryError
from oligocount.geometry.resample import resample_labels
from oligocount.intake.masks import read_mask
from oligocount.recount.case import Case
from oligocount.recount.draft import Draft, Entry, Reader, apply_edits
from oligocount.recount.edits import Edits
from oligocount.recount.mapped_site import mapped_site
from oligocount.recount.measured import remeasured
from oligocount.recount.voxels import Labels
from oligocount.segment.foci import components


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReaderVersion:
    """The edited result.json and the edited lesions, with the values that it was made from."""

    document: Mapping[str, Any]
    labels: LabelMap
    facts: ClinicalFacts
    findings: tuple[Finding, ...]
    assessment: Assessment


def recount(
    case: Case, edits: Edits, *, suv: Volume | None = None, facts: ClinicalFacts | None = None
) -> ReaderVersion:
    """The reader's version: always from the machine's, so that the same edits give the same.

    `suv` is needed where edits draw (split, add, mask). `facts` replace those of the case.
    Raises ConfigError that names the edit, and then nothing of the edits is kept.
    """
    facts = facts or facts_from(case.document.get("clinical") or {})
    drawing = [each for each in edits.edits if each.draws]
    if drawing and suv is None:
        raise ConfigError(
            f"edit {drawing[0].number} ({drawing[0].verb}): draws voxels, so the PET has to be "
            "measured again, and the case kept no suv.nii.gz: name it (--pet or --input)"
        )
    grid = case.labels if suv is None else resample_labels(case.labels, suv.geometry)
    lesions = {each["id"]: each for each in case.document["lesions"]}
    draft = Draft(lesions=lesions, labels=grid.array.astype(np.int32))
    _refuse_lost(draft)
    draft = apply_edits(draft, edits.edits, _reader(case, edits, facts, grid))
    entries = remeasured(draft, suv, grid)
    edited = {**case.document, "lesions": list(entries.values())}
    (patient,) = patients_from(edited)
    assessment = assess(patient.findings, facts, case.settings)
    return ReaderVersion(
        document=_document(case, edits, entries, facts, assessment),
        labels=LabelMap(array=draft.labels, geometry=grid.geometry),
        facts=facts,
        findings=patient.findings,
        assessment=assessment,
    )


def _reader(case: Case, edits: Edits, facts: ClinicalFacts, grid: LabelMap) -> Reader:
    def mask(name: str) -> Labels:
        found = read_mask(edits.folder / name, grid.geometry).array.astype(np.int32)
        is_binary = len(np.unique(found)) <= 2
        return components(found > 0, case.settings.segment) if is_binary else found

    def site(labels: Labels, lesion: int) -> Entry:
        return mapped_site(case.folder, labels == lesion, grid.geometry, facts, system)

    system = case.settings.locate.node.staging_system
    return Reader(
        facts=facts,
        staging_system=system,
        treatable=case.settings.count.treatable_unless_told,
        geometry=grid.geometry,
        read_mask=mask,
        site_at=site,
    )


def _refuse_lost(draft: Draft) -> None:
    on_pet = {number for number, each in draft.lesions.items() if each["suv_max"] is not None}
    lost = sorted(on_pet - set(np.unique(draft.labels).tolist()))
    if lost:
        raise GeometryError(f"lesion {lost[0]} of result.json has no voxel on this PET's grid")


def _document(
    case: Case,
    edits: Edits,
    entries: Mapping[int, Entry],
    facts: ClinicalFacts,
    assessment: Assessment,
) -> dict[str, Any]:
    blocks = assessment.blocks()
    per_lesion = blocks.pop("lesions")
    lesions = [{**entry, **per_lesion[number]} for number, entry in entries.items()]
    return {
        **case.document,
        **blocks,
        "count_interval": None,  # of the machine's lesions, not of the reader's
        "status": _status(lesions, assessment, case.document),
        "clinical": facts.as_told(),
        "lesions": lesions,
        "reader": {
            "reader": edits.reader,
            "when": edits.when,
            "edits": [dict(each.told) for each in edits.edits],
        },
    }


def _status(lesions: list[Entry], assessment: Assessment, machine: Mapping[str, Any]) -> str:
    is_doubtful = (
        any(each["status"] == "equivocal" for each in lesions)
        or any(each.decision is Decision.INDETERMINATE for each in assessment.verdicts)
        or bool(machine.get("caveats"))
    )
    return "needs_review" if is_doubtful else "ok"
