"""scripts/anatomy_template.py: the template's body and bones are XCAT's."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "anatomy_template.py"


def run_on(archive: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, SCRIPT, archive]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_body_and_bones_are_those_of_xcat(shared_data: Path) -> None:
    archive = shared_data / "xcat" / "Voxelized_mesh50XCAT_WholeBody.zip"
    done = run_on(archive)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "body: Dice 0.9999" in done.stdout
    assert done.stdout.count("Dice") == 6


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_text("no zip")
    done = run_on(other)
    assert done.returncode == 2
    assert "is not XCAT's zip" in done.stderr
