"""The pages in a real browser: scripts run, nothing is fetched, nothing is thrown."""

import shutil
import subprocess
from pathlib import Path

import pytest

from oligocount import publish
from oligocount.config import load_settings

from . import builders

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages") / "out"
    publish.write(out, builders.result(), "", load_settings().publish)
    return out


def dom(page: Path, script: str = "", place: str = "") -> str:
    """The page's document after its scripts, and one of ours, have run."""
    told = '<script>onerror = (m) => { document.title = "THROWN " + m; };</script>'
    changed = page.with_name(f"changed_{page.name}")
    text = page.read_text("utf-8").replace("<head>", f"<head>{told}", 1)
    body, end, rest = text.rpartition("</body>")
    changed.write_text(f"{body}<script>{script}</script>{end}{rest}", "utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
         "--enable-unsafe-swiftshader", "--virtual-time-budget=30000", "--dump-dom",
         f"{changed.as_uri()}{place}"],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert "<title>THROWN" not in done.stdout
    return done.stdout


def test_the_slider_turns_the_projection_with_its_numbers(case: Path) -> None:
    turn = (
        'const turn = document.getElementById("turn"); turn.value = 9;'
        'turn.dispatchEvent(new Event("input"));'
    )
    still, turned = dom(case / "report.html"), dom(case / "report.html", turn)
    assert '<output id="angle">0°</output>' in still
    assert '<output id="angle">90°</output>' in turned
    assert still.count(">A</text>") == 1  # the lateral view alone
    assert turned.count(">A</text>") == 2


def test_the_viewer_goes_to_the_lesion_that_was_asked_for(case: Path) -> None:
    """Lesion 4 has SUV 8.0 in its middle, at LPS -54, -12, -30 mm."""
    shown = dom(case / "viewer.html", place="#lesion-4")
    assert 'data-ready="yes"' in shown
    assert "SUV 8.0 · LPS -54, -12, -30 mm" in shown
    assert 'data-id="4" class="counted" aria-current="true"' in shown
