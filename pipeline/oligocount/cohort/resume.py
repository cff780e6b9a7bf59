"""Which cases have to run: those whose result does not stand."""

import json
from dataclasses import dataclass
from pathlib import Path

from oligocount.cohort.digest import digest_input
from oligocount.cohort.ledger import Attempt, Digests, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import Plan, case_folder

FINISHED, FAILED_BEFORE = "finished", "failed before (--retry-failed runs it again)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Whether a case has to run, why or why not, and what its result would follow from."""

    runs: bool
    reason: str
    digests: Digests


def next_step(case: CohortCase, plan: Plan, last: Attempt | None) -> Step:
    """What a batch does with a case after its last attempt.

    Raises InputError when the input cannot be listed.
    """
    digests = Digests(
        input=digest_input(case.input, case.clinical, case.files),
        settings=plan.settings_digest,
        models=plan.models_digest,
    )
    runs, reason = True, "new"
    if last is not None and last.digests != digests:
        reason = _changed(last.digests, digests)
    elif last is not None and last.outcome.state is State.FAILED:
        runs, reason = plan.retries_failed, FAILED_BEFORE
    elif last is not None and last.outcome.state is not State.DONE:
        reason = "not finished"
    elif last is not None and not _result_stands(last, plan.out):
        reason = "finished, but its result is gone or broken"
    elif last is not None:
        runs, reason = False, FINISHED
    return Step(runs=runs, reason=reason, digests=digests)


def _changed(before: Digests, now: Digests) -> str:
    if not before.input:
        return "its input was out of reach"
    names = ("input", "settings", "models")
    differ = [name for name in names if getattr(before, name) != getattr(now, name)]
    return f"{' and '.join(differ)} changed"


def _result_stands(last: Attempt, out: Path) -> bool:
    try:
        json.loads((case_folder(out, last.case_id) / "result.json").read_bytes())
    except (OSError, ValueError):
        return False
    return True
