"""Located lesions to counts, their ranges, and the readings that doubts leave open."""

from oligocount.count.flags import site_flags
from oligocount.count.ledger import keep_ledger
from oligocount.count.likelihood import Weighted, weigh
from oligocount.count.policies import Alternative, alternatives
from oligocount.count.readings import Readings, read_findings
from oligocount.count.scenarios import censuses_of, count, distinct_censuses, is_metachronous

__all__ = [
    "Alternative",
    "Readings",
    "Weighted",
    "alternatives",
    "censuses_of",
    "count",
    "distinct_censuses",
    "is_metachronous",
    "keep_ledger",
    "read_findings",
    "site_flags",
    "weigh",
]
