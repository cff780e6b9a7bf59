"""Runs TotalSegmentator's Python API on one CT or MR: the code of a process of its own.

The process is that of whichever Python has TotalSegmentator, so this file imports nothing of
oligocount. Its argument is a JSON file: `image`, `tasks` (name, fast), `device`, `weights`, `out`.
Each task leaves `<out>/<task>.nii.gz` and its label names in `<out>/<task>.json`. Weights that
are not there are named in `<out>/missing.json` and never downloaded.
"""

import json
import sys
from pathlib import Path

from totalsegmentator.map_to_binary import class_map

from totalsegmentator import python_api

NO_WEIGHTS = 3  # exit status


def main() -> None:
    """Run every task of the job."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    out, weights = Path(job["out"]), Path(job["weights"])

    def need(task_id: int) -> None:
        """In place of the download: the weights are there, or the process ends and says which."""
        if not any(weights.glob(f"Dataset{int(task_id):03d}_*")):
            answer = {"id": int(task_id), "weights": str(weights)}
            (out / "missing.json").write_text(json.dumps(answer), "utf-8")
            sys.exit(NO_WEIGHTS)

    python_api.download_pretrained_weights = need
    for task in job["tasks"]:
        name = task["name"]
        python_api.totalsegmentator(
            job["image"],
            out / f"{name}.nii.gz",
            ml=True,
            task=name,
            fast=task["fast"],
            device=job["device"],
            nr_thr_saving=1,
            quiet=True,
        )
        names = {str(label): word for label, word in class_map[name].items()}
        (out / f"{name}.json").write_text(json.dumps(names), "utf-8")


if __name__ == "__main__":
    main()
