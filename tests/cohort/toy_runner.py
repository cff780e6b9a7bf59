"""A case function for tests: the input's `case.json` says how the case goes."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oligocount.errors import QuantificationError


def run(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> dict[str, float]:
    """Goes as told: ok, refuse, crash, die, hang, eat, chatter."""
    told = json.loads((Path(job["input"]) / "case.json").read_text())
    enter("intake")
    with (Path(job["work_root"]).parent / "executions.txt").open("a") as log:
        log.write(f"{job['case_id']} {os.getpid()}\n")
    behaviour = told.get("do", "ok")
    if behaviour == "refuse":
        raise QuantificationError("series 1.2.3: weight is absent, expected (0010,1030)")
    if behaviour == "crash":
        raise ZeroDivisionError("a name that must stay in the log")
    if behaviour == "die":
        os.kill(os.getpid(), 9)
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "eat":
        eaten = bytearray(os.urandom(1)) * (900 << 20)
        time.sleep(30)
        del eaten
    if behaviour == "chatter":
        sys.stdout.write("{not json\n")
    time.sleep(told.get("seconds", 0.0))
    enter("publish")
    (out / "lesions.csv").write_text("id\n1\n")
    result = {
        "case_id": job["case_id"],
        "clinical": job["clinical"],
        "answer": told.get("answer"),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    (out / "result.json").write_text(json.dumps(result))
    return {"intake": 0.25, "publish": 0.5}
