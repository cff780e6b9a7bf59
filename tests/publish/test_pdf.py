"""The report as PDF: printed by a browser, or refused with what is missing."""

import dataclasses
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from oligocount import publish
from oligocount.config import load_settings
from oligocount.errors import PublishError
from oligocount.publish.pdf import find_browser, write_pdf

from . import builders

SETTINGS = dataclasses.replace(load_settings().publish, pdf=True)
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")


def test_without_a_browser_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("OLIGOCOUNT_BROWSER", raising=False)
    with pytest.raises(PublishError, match=r"Chromium, Chrome or Edge.*none on the PATH.*--pdf"):
        find_browser()


def test_a_browser_that_is_named_is_taken_or_missed_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLIGOCOUNT_BROWSER", "/bin/sh")
    assert find_browser() == Path("/bin/sh")
    monkeypatch.setenv("OLIGOCOUNT_BROWSER", "no-such-browser")
    with pytest.raises(PublishError, match="OLIGOCOUNT_BROWSER names no-such-browser"):
        find_browser()


def test_a_browser_that_fails_leaves_no_case_and_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\necho out of paper >&2\nexit 3\n", "utf-8")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("OLIGOCOUNT_BROWSER", str(broken))
    with pytest.raises(PublishError, match=r"did not print report\.html: out of paper"):
        publish.write(tmp_path / "out", builders.result(), "", SETTINGS)
    assert not (tmp_path / "out").exists()


@needs_browser
@pytest.mark.slow
def test_the_report_is_printed_on_a4_with_every_lesion(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish.write(out, builders.result(), "", SETTINGS)
    pdf = (out / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    boxes = set(re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf))
    sizes = {tuple(round(float(each)) for each in box.split()) for box in boxes}
    assert sizes == {(0, 0, 595, 842)}  # A4 in points
    if shutil.which("pdftotext"):
        told = subprocess.run(
            ["pdftotext", "-layout", out / "report.pdf", "-"], capture_output=True, text=True
        ).stdout
        assert "cannot be decided" in told
        assert "all_treatable" in told  # the criteria, folded on the screen
        for place in ("oesophagus", "station 104L", "liver", "lung upper lobe right", "bladder"):
            assert place in told


@needs_browser
@pytest.mark.slow
def test_a_page_that_is_not_there_is_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(PublishError):
        write_pdf(tmp_path / "absent" / "report.html", tmp_path / "absent" / "report.pdf")
