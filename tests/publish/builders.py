"""A valid result to publish: a small synthetic patient with six foci. Tests break one part."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oligocount.domain.anatomy import Anatomy, NodalClass, OrganMap, Side, Site, Station
from oligocount.domain.facts import ClinicalFacts, Histology
from oligocount.domain.interval import CountInterval, SettingEffect, ValueEffect
from oligocount.domain.lesion import (
    Finding,
    Kind,
    Lesion,
    LesionMap,
    LocatedLesion,
    RunnerUp,
    Status,
)
from oligocount.domain.provenance import Caveat, ModelInfo, Provenance
from oligocount.domain.quality import ScanQuality
from oligocount.domain.report import (
    Assessment,
    Counts,
    Criterion,
    CriticalSet,
    Decision,
    EstroEortc,
    LedgerEntry,
    StatementNote,
    StudyResult,
    Verdict,
)
from oligocount.domain.result import CaseStatus, Result
from oligocount.domain.study import AlignedImages, Role, Series, Study, SuvRoute
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume

MODEL = ModelInfo(name="by_hand", version="1", sha256="0" * 64)
SPACING_MM = 6.0
SHAPE = (60, 40, 50)  # k, j, i

# id: (k, j, i) of the middle, radius in voxels, peak SUV, finding
FOCI: Mapping[int, tuple[tuple[int, int, int], float, float, Finding]] = {
    1: ((35, 20, 24), 2.0, 12.0, Finding(
        id=1, kind=Kind.PRIMARY, status=Status.MALIGNANT,
        site=Site(organ="oesophagus", organ_system="oesophagus", structure="esophagus"))),
    2: ((52, 18, 31), 1.2, 7.0, Finding(
        id=2, kind=Kind.NODE, status=Status.MALIGNANT,
        site=Site(organ="lymph_node", organ_system="lymph_node", side=Side.LEFT,
                  station=Station(ajcc8="104L", jes="104L", iaslc="1L"),
                  nodal_class=NodalClass.NONREGIONAL),
        runner_up=RunnerUp(
            site=Site(organ="lymph_node", organ_system="lymph_node", side=Side.LEFT,
                      station=Station(ajcc8="2L", jes="106recL", iaslc="2L"),
                      nodal_class=NodalClass.REGIONAL),
            margin_mm=3.5))),
    3: ((40, 19, 27), 1.2, 5.0, Finding(
        id=3, kind=Kind.NODE, status=Status.MALIGNANT,
        site=Site(organ="lymph_node", organ_system="lymph_node",
                  station=Station(ajcc8="7", jes="107", iaslc="7"),
                  nodal_class=NodalClass.REGIONAL))),
    4: ((25, 18, 16), 1.8, 8.0, Finding(
        id=4, kind=Kind.ORGAN, status=Status.MALIGNANT,
        site=Site(organ="liver", organ_system="liver", structure="liver", side=Side.RIGHT,
                  lobe="right"),
        runner_up=RunnerUp(site=Site(organ="lung", organ_system="lung"), overlap=0.02))),
    5: ((43, 24, 12), 1.0, 3.0, Finding(
        id=5, kind=Kind.ORGAN, status=Status.EQUIVOCAL, treatable=None,
        site=Site(organ="lung", organ_system="lung", structure="lung_upper_lobe_right",
                  side=Side.RIGHT))),
    6: ((5, 16, 25), 3.0, 25.0, Finding(
        id=6, kind=Kind.PHYSIOLOGIC, status=Status.BENIGN,
        site=Site(organ=None, organ_system=None, structure="urinary_bladder"))),
}  # fmt: skip


def geometry(affine: np.ndarray | None = None) -> Geometry:
    """The test grid: axial, k up, unless an affine is given."""
    if affine is None:
        affine = np.zeros((4, 4))
        affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
        affine[3, 3] = 1.0
        affine[:3, 3] = (-150.0, -120.0, -180.0)
    return Geometry(shape=SHAPE, affine=affine, frame_of_reference_uid="2.25.1")


def images(grid: Geometry, *, with_ct: bool = True) -> AlignedImages:
    """A warm ellipse with a hot ball for every focus, and a CT of it."""
    k, j, i = np.indices(SHAPE, dtype=float)
    body = ((j - 20) / 15) ** 2 + ((i - 25) / 20) ** 2 < 1
    suv = np.where(body, 1.0, 0.0)
    for (ck, cj, ci), radius, peak, _ in FOCI.values():
        distance = np.sqrt((k - ck) ** 2 + (j - cj) ** 2 + (i - ci) ** 2)
        suv = np.maximum(suv, peak * np.exp(-0.5 * (distance / radius) ** 2))
    hu = np.where(body, 40.0, -1000.0)
    ct = Volume(array=hu, unit=Unit.HU, geometry=grid) if with_ct else None
    return AlignedImages(suv=Volume(array=suv, unit=Unit.SUVBW, geometry=grid), ct=ct)


def lesion_map(grid: Geometry) -> LesionMap:
    """A ball a focus."""
    k, j, i = np.indices(SHAPE, dtype=float)
    labels = np.zeros(SHAPE, np.uint16)
    for label, ((ck, cj, ci), radius, _, _) in FOCI.items():
        inside = (k - ck) ** 2 + (j - cj) ** 2 + (i - ci) ** 2 <= radius**2
        labels[inside] = label
    return LesionMap(
        labels=LabelMap(array=labels, geometry=grid),
        probability=dict.fromkeys(FOCI, 0.9),
        model=MODEL,
    )


def located_lesions(grid: Geometry) -> tuple[LocatedLesion, ...]:
    return tuple(
        LocatedLesion(
            lesion=Lesion(
                id=label,
                centroid_lps_mm=tuple(float(x) for x in grid.to_lps_mm(np.array(middle, float))),
                volume_ml=4.19 * (radius * SPACING_MM) ** 3 / 1000,
                longest_diameter_mm=2 * radius * SPACING_MM,
                suv_max=peak,
                suv_peak=0.8 * peak,
                suv_mean=0.6 * peak,
                mtv_ml=4.19 * (radius * SPACING_MM) ** 3 / 1000,
                tlg=0.6 * peak * 4.19 * (radius * SPACING_MM) ** 3 / 1000,
                probability=0.9,
                modality=("PT", "CT"),
            ),
            finding=finding,
            overlap=0.98 if finding.kind is Kind.ORGAN else None,
            margin_mm=3.5 if finding.kind is Kind.NODE else None,
            reason=f"It lies in {finding.site.structure or finding.site.organ}.",
        )
        for label, (middle, radius, peak, finding) in FOCI.items()
    )


def verdict(name: str, decision: Decision, best: Decision, worst: Decision) -> Verdict:
    return Verdict(
        definition=name,
        decision=decision,
        best=best,
        worst=worst,
        criteria=(
            Criterion(name="histology", observed="SCC", required="SCC", outcome=True),
            Criterion(name="N_max", observed=2, required=5, outcome=True),
            Criterion(name="all_treatable", observed=None, required=True, outcome=None),
        ),
        reason="One lesion decides, and it is equivocal.",
        source="statement 1",
    )


def assessment() -> Assessment:
    """Two counted (104L, liver), one equivocal that would make three."""
    open_, oligo, not_ = Decision.INDETERMINATE, Decision.OLIGO, Decision.NOT_OLIGO
    counted = {2: "station 104L", 4: "organ lesion in liver"}
    return Assessment(
        counts=Counts(
            v=1, s=1, r=0, n=2, o=2, m=1, n_low=2, n_high=3,
            by_organ={"liver": 1, "lymph_node": 1}, by_station={"104L": 1},
        ),
        verdicts=(
            verdict("CN2025", open_, oligo, not_),
            verdict("OMEC_MAIN", not_, not_, not_),
            verdict("OMEC_ORGAN", not_, not_, not_),
            verdict("ESTRO_ASTRO", oligo, oligo, oligo),
        ),
        studies={"ESO13": StudyResult.PASS, "IWATSUKI2019": StudyResult.FAIL},
        estro_eortc=EstroEortc(
            number=None, name="INDETERMINATE",
            still_possible=("de_novo_synchronous", "induced_oligorecurrence"),
        ),
        alternatives={"A1_paired_organs_split": {"CN": "OLIGO", "O": 3}, "EA2183_N5": "PASS"},
        critical_sets=(CriticalSet(lesions=(5,), flips={"CN2025": not_}),),
        statements=(
            StatementNote(n=3, flag="brain_mri_recommended", text="Symptoms: MRI of the brain.",
                          quality="high", agreement_percent=98),
        ),
        flags=("M1a_JES12",),
        ledger=tuple(
            LedgerEntry(
                lesion=label, counted=label in counted, counted_as=counted.get(label),
                reason="It counts." if label in counted else "It does not count.",
            )
            for label in FOCI
        ),
        caveats=(Caveat(code="TREATABLE_UNKNOWN", text="Treatability of lesion 5 is not known."),),
    )  # fmt: skip


def interval() -> CountInterval:
    """Over six combinations: two lesions, three where components are larger."""
    return CountInterval(
        n_min=2, n_max=3, n_settings=6, n_by_settings={2: 4, 3: 2},
        effects=(
            SettingEffect(
                setting="segment.connectivity", as_set=18,
                values=tuple(ValueEffect(value=each, n_min=2, n_max=2 + (each == 6))
                             for each in (6, 18, 26)),
            ),
            SettingEffect(
                setting="station_margin_times", as_set=1.0,
                values=(ValueEffect(value=0.0, n_min=2, n_max=3),
                        ValueEffect(value=1.0, n_min=2, n_max=3)),
            ),
        ),
        verdicts={"CN2025": {"OLIGO": 2 / 3, "INDETERMINATE": 1 / 3},
                  "OMEC_MAIN": {"NOT_OLIGO": 1.0}, "OMEC_ORGAN": {"NOT_OLIGO": 1.0},
                  "ESTRO_ASTRO": {"OLIGO": 1.0}},
    )  # fmt: skip


def study() -> Study:
    return Study(
        case_id="case-1",
        series=(
            Series(uid="1.2.3", modality="PT", role=Role.PET, description="PET AC", chosen=True,
                   reason="attenuation-corrected", n_instances=60, files=()),
            Series(uid="1.2.4", modality="CT", role=Role.OTHER, description="scout <b>&",
                   chosen=False, reason="a localizer", n_instances=1, files=()),
        ),
        tracer=None,
    )  # fmt: skip


def result(grid: Geometry | None = None, **parts: Any) -> Result:
    """A whole case; `parts` replace what a test wants otherwise."""
    grid = grid or geometry()
    organs = np.where(images(grid).suv.array > 0, 1, 0).astype(np.uint8)
    organ_labels = LabelMap(array=organs, names={1: "body"}, geometry=grid)
    whole: dict[str, Any] = {
        "case_id": "case-1",
        "status": CaseStatus.NEEDS_REVIEW,
        "study": study(),
        "pet_grid": grid,
        "images": images(grid),
        "suv_route": SuvRoute(kind="SUVbw", route="BQML/START/series time", factor=0.000242903,
                              tags={"0054,1001": "BQML", "0054,1102": "START"}),
        "quality": ScanQuality(voxel_mm=grid.spacing_mm, uptake_minutes=62.0,
                               outline_offset_mm=(1.0, -2.5)),
        "lesion_map": lesion_map(grid),
        "anatomy": Anatomy(
            organs=OrganMap(labels=organ_labels, known=frozenset({"body", "liver"}), model=MODEL),
            stations=LabelMap(array=organs, names={1: "104L"}, geometry=grid),
        ),
        "lesions": located_lesions(grid),
        "assessment": assessment(),
        "facts": ClinicalFacts(histology=Histology.SCC, other={"biopsy_done": True}),
        "provenance": Provenance(oligocount="0.1.0", models=(MODEL,), settings_digest="ab" * 32,
                                 seconds={"intake": 1.25}),
        "interval": interval(),
        "caveats": (Caveat(code="NO_MR", text="There is no MR: the brain is judged on PET."),),
    }  # fmt: skip
    return Result(**{**whole, **parts})
