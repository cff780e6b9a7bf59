"""Valid findings and facts; a test changes one part."""

from oligocount.domain.anatomy import NodalClass, Side, Site, Station
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import Finding, Kind, RunnerUp, Status

FACTS = ClinicalFacts(
    histology=Histology.SCC,
    primary_location=PrimaryLocation.MIDDLE,
    primary_status=PrimaryStatus.UNTREATED,
    months_from_primary_diagnosis=0.0,
    prior_polymetastatic=False,
    prior_oligometastatic=False,
    on_active_systemic_therapy=False,
)


def organ_site(organ: str | None, side: str | None = None, lobe: str | None = None) -> Site:
    return Site(organ=organ, organ_system=organ, side=side and Side(side), lobe=lobe)


def node_site(station: str | None, cls: str | None = "nonregional") -> Site:
    return Site(
        organ="lymph_node",
        organ_system="lymph_node",
        station=station and Station(ajcc8=station, jes=None, iaslc=None),
        nodal_class=cls and NodalClass(cls),
    )


def lesion(
    number: int,
    site: Site,
    *,
    status: str = "malignant",
    probability: float | None = None,
    treatable: bool | None = True,
    diffuse: bool = False,
    diameter_mm: float | None = 15.0,
    n_nodes: int = 1,
    runner_up: RunnerUp | None = None,
) -> Finding:
    kind = Kind.NODE if site.organ == "lymph_node" else Kind.ORGAN
    return Finding(
        id=number,
        kind=Kind.PRIMARY if site.organ == "oesophagus" else kind,
        status=Status(status),
        site=site,
        probability=probability,
        longest_diameter_mm=diameter_mm,
        n_nodes=n_nodes,
        treatable=treatable,
        diffuse=diffuse,
        runner_up=runner_up,
    )


def organ(number: int, name: str = "lung", side: str | None = "L", **other: object) -> Finding:
    lobe = other.pop("lobe", None)
    return lesion(number, organ_site(name, side, lobe), **other)  # type: ignore[arg-type]


def node(
    number: int, station: str = "104L", cls: str | None = "nonregional", **other: object
) -> Finding:
    return lesion(number, node_site(station, cls), **other)  # type: ignore[arg-type]
