"""Patients that hypothesis draws: every site, status and fact that the rules speak of."""

from hypothesis import strategies as st

from assess.builders import lesion, node_site, organ_site
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import Finding

ORGANS = ("lung", "liver", "bone", "adrenal", "brain", "soft_tissue", "peritoneum", "kidney")
STATIONS = ("104L", "104R", "16a2", "16b1", "axillary_L", "13")

organ_sites = st.builds(
    organ_site,
    st.sampled_from(ORGANS),
    st.sampled_from(("L", "R", None)),
    st.sampled_from(("left", "right", None)),
)
node_sites = st.one_of(
    st.builds(node_site, st.sampled_from(STATIONS), st.just("nonregional")),
    st.builds(node_site, st.sampled_from(("7", "8M", "15", "106recL")), st.just("regional")),
)
statuses = st.sampled_from(("malignant", "malignant", "malignant", "equivocal", "benign"))


@st.composite
def findings(draw: st.DrawFn, most: int = 5) -> tuple[Finding, ...]:
    sites = draw(st.lists(st.one_of(organ_sites, node_sites), max_size=most))
    return tuple(
        lesion(
            number,
            site,
            status=draw(statuses),
            treatable=draw(st.sampled_from((True, True, True, False, None))),
            diameter_mm=draw(st.sampled_from((10.0, 50.0, 51.0, None))),
            n_nodes=draw(st.integers(1, 3)),
            diffuse=site.organ == "peritoneum" and draw(st.booleans()),
        )
        for number, site in enumerate(sites, start=1)
    )


@st.composite
def known_facts(draw: st.DrawFn) -> ClinicalFacts:
    return ClinicalFacts(
        histology=draw(st.sampled_from((Histology.SCC, Histology.AC))),
        primary_location=draw(st.sampled_from(tuple(PrimaryLocation))),
        primary_status=draw(st.sampled_from(tuple(PrimaryStatus))),
        months_from_primary_diagnosis=draw(st.sampled_from((0.0, 6.0, 6.1, 30.0))),
        prior_polymetastatic=draw(st.booleans()),
        prior_oligometastatic=draw(st.booleans()),
        on_active_systemic_therapy=draw(st.booleans()),
        any_lesion_progressing=draw(st.booleans()),
    )
