"""Foci against the serosa of bowel, stomach, liver or spleen: a node, or a peritoneal deposit."""

from dataclasses import replace

from oligocount.domain.anatomy import Site
from oligocount.domain.lesion import Kind, RunnerUp
from oligocount.locate.evidence import Focus
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import NodeSettings

_INTRAPERITONEAL = ("mesenteric", "14", "4gc", "56", "15")
_SEROSAL = ("small_bowel", "duodenum", "colon", "stomach", "liver", "spleen")
_PERITONEUM = Site(organ="peritoneum", organ_system="serosa")


def with_serosa_beside(opinion: Opinion, focus: Focus, settings: NodeSettings) -> Opinion:
    """A node within the peritoneal cavity gets the peritoneum it touches as its runner-up.

    A frontier of regional nodes that is as near stays: it was named before.
    """
    if opinion.kind is not Kind.NODE or opinion.site.structure not in _INTRAPERITONEAL:
        return opinion
    gap, known = focus.gap_to(*_SEROSAL), opinion.runner_up
    if gap > settings.serosa_mm:
        return opinion
    is_other = known is not None and known.site.nodal_class is not opinion.site.nodal_class
    if known and is_other and known.margin_mm is not None and known.margin_mm <= gap:
        return opinion
    return replace(opinion, margin_mm=gap, runner_up=RunnerUp(site=_PERITONEUM, margin_mm=gap))
