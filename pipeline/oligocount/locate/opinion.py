"""What a rule concludes about one focus, before it becomes a finding."""

from dataclasses import dataclass

from oligocount.domain.anatomy import Site
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.domain.provenance import Caveat


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Kind, status and site with the reason in one sentence, and the doubts.

    `gap_mm` is the distance from the core's centre to the site itself, where it was measured,
    `edge_gap_mm` that from the core's edge.
    """

    kind: Kind
    status: Status
    site: Site
    reason: str
    overlap: float | None = None
    margin_mm: float | None = None
    gap_mm: float | None = None
    edge_gap_mm: float | None = None
    runner_up: RunnerUp | None = None
    diffuse: bool = False
    caveats: tuple[Caveat, ...] = ()
