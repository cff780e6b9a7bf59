"""One batch a folder, and a dead one does not bar it."""

import subprocess
import sys
from pathlib import Path

import pytest

from oligocount.cohort.lock import is_locked, locked
from oligocount.errors import PublishError

HOLD = (
    "import sys, time; from pathlib import Path; from oligocount.cohort.lock import locked\n"
    "with locked(Path(sys.argv[1])):\n"
    "    sys.stdout.write('held\\n'); sys.stdout.flush(); time.sleep(60)\n"
)


def test_a_second_batch_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    """Killed with -9, it leaves the lock file behind and the lock free."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(tmp_path)
        with pytest.raises(PublishError, match="another batch"), locked(tmp_path):
            pass
        holder.kill()
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishError, match="file"), locked(tmp_path / "file" / "out"):
        pass
    assert not is_locked(tmp_path / "nowhere")
