"""A case function for tests: the input's `case.json` says how the case goes."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oligocount.errors import ConfigError, InputError, QuantificationError


def run(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> None:
    """Goes as told: ok, refuse, crash, die, hang, eat, chatter, fill, misset, unplug."""
    told = json.loads((Path(job["input"]) / "case.json").read_text())
    enter("intake")
    with (Path(job["work_root"]).parent / "executions.txt").open("a") as log:
        log.write(f"{job['case_id']} {os.getpid()}\n")
    misbehave(told.get("do", "ok"), job)
    time.sleep(told.get("seconds", 0.0))
    if "infers_s" in told:
        enter("lesions")
        begun = time.monotonic()
        time.sleep(told["infers_s"])
        told["answer"] = [begun, time.monotonic()]
    enter("publish")
    (out / "lesions.csv").write_text("id\n1\n")
    result = {
        "case_id": job["case_id"],
        "clinical": job["clinical"],
        "answer": told.get("answer"),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    (out / "result.json").write_text(json.dumps(result))


def misbehave(behaviour: str, job: dict[str, Any]) -> None:
    has_room = (Path(job["work_root"]).parent / "room").exists()
    if behaviour == "refuse":
        raise QuantificationError("series 1.2.3: weight is absent, expected (0010,1030)")
    if behaviour == "fill" and not has_room:
        Path("/dev/full").write_text("more than fits")
    if behaviour == "misset" and not has_room:
        raise ConfigError("segmenter 'suv99': expected one that there is")
    if behaviour == "unplug":
        Path(job["input"]).rename(Path(job["input"] + " away"))
        raise InputError("the share does not answer")
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
