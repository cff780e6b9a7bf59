"""scripts/anatomy.py: what the simulator ships of a patient is what the organ map holds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oligocount.simulate.atlas import patient_numbers

SCRIPT = Path(__file__).parents[1] / "scripts" / "anatomy.py"


@pytest.mark.slow
def test_shipped_labels_are_rebuilt_from_the_organ_map(shared_data: Path, tmp_path: Path) -> None:
    number, out = patient_numbers(held_out=True)[0], tmp_path / "patients.npz"
    done = subprocess.run(
        [sys.executable, SCRIPT, shared_data / "organ_maps", str(number), "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(out) as content:
        assert (content[f"labels_{number}"] > 0).sum() > 10_000
