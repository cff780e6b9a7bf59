"""Located lesions to counts, their ranges, and the readings that doubts leave open."""

from oligocount.count.flags import site_flags
from oligocount.count.ledger import keep_ledger
from oligocount.count.policies import Alternative, alternatives
from oligocount.count.scenarios import count, is_metachronous

__all__ = ["Alternative", "alternatives", "count", "is_metachronous", "keep_ledger", "site_flags"]
