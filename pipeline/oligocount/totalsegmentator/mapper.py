"""An OrganMapper that runs TotalSegmentator in a process of its own and reads what it drew.

The user installs TotalSegmentator and fetches its weights; oligocount does neither. The process
gets a home of its own in which statistics of use are turned off, and a proxy that leads nowhere,
so that nothing can be sent even where a version ignores that setting.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from oligocount.anatomy.labelmap import GivenMap
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import LabelMap, Volume
from oligocount.errors import BundleNotFound, InferenceError, ModelError, SeriesNotFound
from oligocount.intake.nifti import read_nifti_labels
from oligocount.publish.volumes import write_volume
from oligocount.settings_anatomy import TotalSegmentatorSettings

_WORKER = Path(__file__).with_name("worker.py")
_NO_WEIGHTS = 3
_TOTAL = "total"
_TOTAL_MR = "total_mr"  # trained on every sequence; the further tasks are those of CT alone
_ON_MR = ("t1", "t1_contrast", "t2", "stir", "flair", "other")  # no diffusion, no ADC
# What each further task adds to `total`; its other classes are left out.
_ADDED = {
    "liver_segments": ("liver_segment_*",),
    "headneck_bones_vessels": (
        "hyoid", "cricoid_cartilage", "internal_carotid_artery_*", "internal_jugular_vein_*",
    ),
    "lung_vessels": ("lung_airways", "lung_trachea_bronchia"),
}  # fmt: skip
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalSegmentatorMapper:
    """Draws TotalSegmentator's structures from the CT, or from the MR of a PET/MR without one."""

    settings: TotalSegmentatorSettings
    device: str

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return the structures of `total` with what the further tasks add, on the PET grid.

        Without a CT those of `total_mr` on the largest MR that states the PET's frame of reference,
        with a caveat. Raises SeriesNotFound without either, ModelError where TotalSegmentator is
        not installed, BundleNotFound where its weights are absent, InferenceError where it fails.
        """
        ct = images.ct_full or images.ct
        mr = None if ct else _largest(images.mr_full)
        shown = ct or (mr.volume if mr else None)
        if shown is None:
            raise SeriesNotFound(
                "TotalSegmentator draws organs from CT, or from an MR in the PET's frame of "
                "reference; this study has neither"
            )
        tasks = (_TOTAL, *self.settings.further_tasks) if ct else (_TOTAL_MR,)
        with tempfile.TemporaryDirectory(prefix="oligocount-") as folder:
            self._run(shown, tasks, Path(folder))
            merged = _read(tasks, Path(folder))
        model = ModelInfo(name="totalsegmentator", version=self._version())
        organs = GivenMap(given=merged, model=model, border_mm=self.settings.border_mm)(images)
        return organs if mr is None else replace(organs, caveats=(*organs.caveats, _from_mr(mr)))

    def check(self) -> None:
        """Return when TotalSegmentator is installed and has a folder of weights.

        Ask before minutes of work, not after. Raises ModelError and BundleNotFound.
        """
        code = (
            "import importlib.util as u; raise SystemExit(u.find_spec('totalsegmentator') is None)"
        )
        try:
            done = subprocess.run(  # noqa: S603  the interpreter is the user's own choice
                [self.python, "-c", code], capture_output=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ModelError(f"{self.python}: cannot be started: {error}") from error
        if done.returncode:
            raise _absent(self.python)
        if not self.weights.is_dir():
            raise BundleNotFound(_no_weights({"id": "(any)", "weights": str(self.weights)}))

    @property
    def python(self) -> str:
        """The interpreter that has TotalSegmentator; oligocount's own unless set."""
        return self.settings.python or sys.executable

    @property
    def weights(self) -> Path:
        """Where the weights lie: the setting, TotalSegmentator's variable, or its home."""
        told = self.settings.weights or os.environ.get("TOTALSEG_WEIGHTS_PATH")
        home = os.environ.get("TOTALSEG_HOME_DIR") or str(Path.home() / ".totalsegmentator")
        return Path(told) if told else Path(home) / "nnunet" / "results"

    def _version(self) -> str:
        code = "import importlib.metadata as m; print(m.version('TotalSegmentator'))"
        done = subprocess.run(  # noqa: S603  the interpreter is the user's own choice
            [self.python, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.strip() or "unknown"

    def _run(self, shown: Volume, tasks: Sequence[str], folder: Path) -> None:
        home = folder / "home"
        home.mkdir()
        silent = {"totalseg_id": "none", "send_usage_stats": False, "prediction_counter": 0}
        (home / "config.json").write_text(json.dumps(silent), "utf-8")
        write_volume(folder / "image.nii.gz", shown)
        job = {
            "image": str(folder / "image.nii.gz"),
            "tasks": [
                {"name": name, "fast": self.settings.fast and name in (_TOTAL, _TOTAL_MR)}
                for name in tasks
            ],
            "device": _device(self.device),
            "weights": str(self.weights),
            "out": str(folder),
        }
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        done = self._process(folder, home)
        if done.returncode == _NO_WEIGHTS and (folder / "missing.json").is_file():
            raise BundleNotFound(_no_weights(json.loads((folder / "missing.json").read_text())))
        if done.returncode:
            raise _failure(self.python, done.stderr)

    def _process(self, folder: Path, home: Path) -> "subprocess.CompletedProcess[str]":
        """The finished process. Its code is passed as text: no folder of ours joins its path."""
        environment = {
            **os.environ,
            "TOTALSEG_HOME_DIR": str(home),
            "TOTALSEG_WEIGHTS_PATH": str(self.weights),
            **{name: _NOWHERE for word in ("http_proxy", "https_proxy")
               for name in (word, word.upper())},
            "NO_PROXY": "",
            "no_proxy": "",
        }  # fmt: skip
        code = _WORKER.read_text("utf-8")
        try:
            return subprocess.run(  # noqa: S603  the interpreter is the user's own choice
                [self.python, "-c", code, str(folder / "job.json")],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=self.settings.timeout_minutes * 60,
            )
        except subprocess.TimeoutExpired as error:
            raise InferenceError(
                f"TotalSegmentator did not end within {self.settings.timeout_minutes:g} minutes "
                "(anatomy.totalsegmentator.timeout_minutes)"
            ) from error
        except OSError as error:
            raise ModelError(f"{self.python}: cannot be started: {error}") from error


def _largest(images: Sequence[MrImage]) -> MrImage | None:
    """The MR that shows most of the body, of the kinds that the network knows."""

    def rank(one: MrImage) -> float:
        return one.volume.geometry.voxel_volume_ml * one.volume.array.size

    return max((one for one in images if one.kind in _ON_MR), key=rank, default=None)


def _from_mr(mr: MrImage) -> Caveat:
    name = mr.facts.title if mr.facts else mr.kind
    text = f"organs were drawn on MR ({name}), which shows fewer structures than CT and no stations"
    return Caveat(code="ORGANS_FROM_MR", text=text)


def _read(tasks: Sequence[str], folder: Path) -> LabelMap:
    """The first task's map with the classes that further tasks add laid over it."""
    base, names = _drawn(folder, tasks[0])
    array, table = base.array.astype(np.int32), dict(names)
    for task in tasks[1:]:
        drawn, words = _drawn(folder, task)
        for label, word in words.items():
            if any(fnmatchcase(word, pattern) for pattern in _ADDED.get(task, ("*",))):
                number = max(table) + 1
                table[number] = word
                array[drawn.array == label] = number
    return LabelMap(array=array, names=table, geometry=base.geometry)


def _drawn(folder: Path, task: str) -> tuple[LabelMap, Mapping[int, str]]:
    file = folder / f"{task}.nii.gz"
    if not file.is_file():
        raise InferenceError(f"TotalSegmentator ended without a map of its task {task!r}")
    labels, _ = read_nifti_labels(file)
    words: dict[str, str] = json.loads(file.with_name(f"{task}.json").read_text("utf-8"))
    return labels, {int(label): word for label, word in words.items()}


def _device(name: str) -> str:
    """A device as TotalSegmentator writes it; `auto` is its `gpu`, which falls back."""
    return {"auto": "gpu", "cuda": "gpu"}.get(name, name.replace("cuda:", "gpu:"))


def _no_weights(answer: Mapping[str, Any]) -> str:
    return (
        f"TotalSegmentator's weights {answer['id']} are not in {answer['weights']}; fetch them "
        "with totalseg_download_weights and name their folder in anatomy.totalsegmentator.weights "
        "(oligocount downloads nothing)"
    )


def _failure(python: str, stderr: str) -> ModelError:
    last = stderr.strip().splitlines()[-1:] or ["no message"]
    if "No module named 'totalsegmentator'" in stderr:
        return _absent(python)
    return InferenceError(f"TotalSegmentator failed: {last[0]}")


def _absent(python: str) -> ModelError:
    return ModelError(
        f"TotalSegmentator is not installed for {python}; pip install oligocount"
        "[totalsegmentator], or name the interpreter that has it in "
        "anatomy.totalsegmentator.python"
    )
