"""scripts/anatomy.py: what is shipped of a patient is what his organ map gives; others can join."""

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap
from oligocount.simulate.atlas import PATIENT_ORGANS, patient_numbers

SCRIPT = Path(__file__).parents[1] / "scripts" / "anatomy.py"


def loaded() -> ModuleType:
    """The script as a module; `anatomy` alone would also be the folder of tests beside this one."""
    sys.path.insert(0, str(SCRIPT.parent))
    found = spec_from_file_location("anatomy_script", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


anatomy = loaded()
ORIGIN = np.array([-100.0, -40.0, -40.0])


@pytest.mark.slow
def test_shipped_patient_is_rebuilt_and_a_new_one_added(shared_data: Path, tmp_path: Path) -> None:
    number, new, out = patient_numbers(held_out=True)[0], 5, tmp_path / "patients.npz"
    done = subprocess.run(
        [sys.executable, SCRIPT, shared_data / "organ_maps", str(number), "--fields",
         "--add", str(new), "--out", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = [
        tuple(map(float, f))
        for f in re.findall(r"Dice (\S+) Jacobian 5th (\S+) least (\S+)", done.stdout)
    ]
    shipped, rebuilt, added = figures
    assert rebuilt[0] > shipped[0]
    assert rebuilt[1] > shipped[1] - 0.02
    assert min(rebuilt[2], added[2]) > 0
    with np.load(out) as content, np.load(anatomy.SHIPPED) as before:
        assert set(content.files) - set(before.files) == {f"{k}_{new}" for k in
                                                          ("labels", "field", "z")}  # fmt: skip
        assert list(content["training"]) == [*before["training"], new]
        assert list(content["held_out"]) == list(before["held_out"])
        for number_of in (number, new):
            assert (content[f"labels_{number_of}"] > 0).sum() > 10_000
            assert content[f"field_{number_of}"].dtype == before[f"field_{number}"].dtype
            assert content[f"field_{number_of}"].shape == before[f"field_{number}"].shape


def drawn_map(crown: int, *, brain: bool = True) -> LabelMap:
    """Lungs up to slice 40 and a brain from slice 60 to `crown` of 100 slices of 2 mm."""
    array = np.zeros((100, 20, 20), np.uint8)
    array[10:41, 5:15, 5:15] = PATIENT_ORGANS.index("lung")
    if brain:
        array[60 : crown + 1, 5:15, 5:15] = PATIENT_ORGANS.index("brain")
    affine = np.array([[0, 0, 4, 0], [0, 4, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1.0]])
    return LabelMap(array=array, geometry=Geometry(shape=(100, 20, 20), affine=affine))


def range_of(organs: LabelMap) -> tuple[float, float]:
    centre = anatomy.lungs_centre(organs.array == anatomy.LUNG)
    labels: NDArray[np.uint8] = anatomy.on_grid(organs, centre, ORIGIN, 4.0, (60, 20, 20))
    return anatomy.trusted_z(organs, centre[0], labels, ORIGIN, 4.0)


def test_head_is_trusted_where_there_is_room_above_its_crown() -> None:
    # The apex of the lungs, slice 40, is zero: the map goes from -80 to 118 mm, the brain from 40.
    assert range_of(drawn_map(80)) == (-80, 120)
    assert range_of(drawn_map(98)) == (-80, 30)
    assert range_of(drawn_map(98, brain=False)) == (-80, anatomy.NECK_MM)


def test_speck_does_not_move_the_middle_of_the_lungs() -> None:
    lungs = np.zeros((12, 12, 12), bool)
    lungs[2:9, 3:8, 2:7] = True
    assert list(anatomy.lungs_centre(lungs)) == [8, 5, 4]
    lungs[11, 11, 11] = True
    assert list(anatomy.lungs_centre(lungs)) == [8, 5, 4]


def test_map_without_lungs_is_refused() -> None:
    with pytest.raises(ValueError, match="no lungs"):
        anatomy.lungs_centre(np.zeros((3, 3, 3), bool))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere"], "no folder"),
        ([".", "99999"], "--add makes them"),
        ([".", "--add", "5"], "needs --out"),
        ([".", "--add", "18", "--out", "x.npz"], "shipped already"),
        ([".", "18", "--out", str(anatomy.SHIPPED)], "not overwritten"),
    ],
)
def test_wrong_calls_are_refused_with_the_reason(
    given: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["anatomy.py", *given])
    with pytest.raises(SystemExit) as left:
        anatomy.parsed()
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_absent_map_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["anatomy.py", str(tmp_path), "18"])
    assert anatomy.main() == 2
    assert "patient 18: there is no" in capsys.readouterr().err
