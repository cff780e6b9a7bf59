"""The pages in a real browser: scripts run, nothing is fetched, nothing is thrown."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from oligocount import publish
from oligocount.config import load_settings

from . import builders

ROOT = Path(__file__).parents[2]
AXE = (
    ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
)  # scripts/browser puts it there
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


def dom(
    page: Path, script: str = "", place: str = "", scheme: str = "light", *, wide: bool = False
) -> str:
    """The page's document after its scripts, and one of ours, have run."""
    told = '<script>onerror = (m) => { document.title = "THROWN " + m; };</script>'
    changed = page.with_name(f"changed_{page.name}")
    text = page.read_text("utf-8").replace("<head>", f"<head>{told}", 1)
    body, end, rest = text.rpartition("</body>")
    changed.write_text(f"{body}<script>{script}</script>{end}{rest}", "utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
         "--enable-unsafe-swiftshader", "--virtual-time-budget=30000", "--dump-dom",
         f"--window-size={1600 if wide else 900},900",
         f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
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


def test_a_click_on_a_row_moves_the_crosshair_of_the_viewer_beside_it(case: Path) -> None:
    """The link of a lesion opens the viewer beside the table; then any click on a row moves it."""
    click = (
        "innerWidth = 1600; const at = () => document.querySelector('#dock iframe').name;"
        "document.querySelector('#lesion-2 a.open').click();"
        "document.body.dataset.dock = document.getElementById('dock').hidden + ' ' + at();"
        "let gone = ''; addEventListener('click', (e) => { const a = e.target.closest('a.open');"
        " if (a) { gone = a.getAttribute('href'); e.preventDefault(); } });"
        "document.querySelector('#lesion-4 td strong').click();"
        "document.body.dataset.gone = gone;"
    )
    shown = dom(case / "report.html", click, wide=True)
    assert 'data-dock="false oligocount-viewer"' in shown
    assert 'data-gone="viewer.html#lesion-4"' in shown


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core; scripts/browser fetches it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["report.html", "viewer.html"])
def test_an_accessibility_checker_finds_nothing(case: Path, page: str, scheme: str) -> None:
    """WCAG 2.1 A and AA by axe-core, contrast included."""
    check = (
        f"{AXE.read_text('utf-8')};\n"
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
        ".then((found) => { document.body.dataset.passes = found.passes.length;"
        " document.body.dataset.axe = found.violations.map((each) => each.id + ': ' +"
        " each.nodes.map((one) => one.target.join(' ')).slice(0, 3).join(' | ')).join('; '); });"
    )
    shown = dom(case / page, check, scheme=scheme)
    found = re.search(r'data-axe="([^"]*)"', shown)
    assert found is not None
    assert found[1] == ""
    assert int(re.search(r'data-passes="(\d+)"', shown)[1]) > 20


def test_the_report_opens_in_under_three_seconds(case: Path) -> None:
    """By the browser's own clock, from the request to the end of its load event."""
    told = (
        "addEventListener('load', () => setTimeout(() => { const [one] ="
        " performance.getEntriesByType('navigation');"
        " document.body.dataset.ms = Math.round(one.loadEventEnd); }));"
    )
    shown = dom(case / "report.html", told)
    assert int(re.search(r'data-ms="(\d+)"', shown)[1]) < 3000
