"""cohort.html: all cases on one page, which needs no network and cannot be broken by words."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from finished import finish, result

from oligocount.cohort.page import write_page
from oligocount.cohort.tables import write_tables

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


class Scripts(HTMLParser):
    """Collects scripts and every address that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.loaded: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def page(out: Path) -> str:
    write_tables(out)
    write_page(out)
    return (out / "cohort.html").read_text("utf-8")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return finish(
        tmp_path / "out",
        result("a", A="OLIGO", B="NOT_OLIGO"),
        result("Mü/ller", A="INDETERMINATE", B="NOT_OLIGO"),
        failed="c",
    )


def test_the_page_holds_every_case_and_loads_nothing(out: Path) -> None:
    parser = Scripts()
    parser.feed(page(out))
    assert parser.loaded == []
    data = json.loads(parser.scripts[0])
    assert data["definitions"] == ["A", "B"]
    found = {row[0]: row for row in data["rows"]}
    assert sorted(found) == ["Mü/ller", "a", "c", "cohort.csv row 9"]
    assert [data["decisions"][each] for each in found["a"][15]] == ["OLIGO", "NOT_OLIGO"]
    assert found["a"][1] == "cases/a/report.html"
    assert found["c"][1] is None


def test_links_lead_to_the_case(out: Path) -> None:
    parser = Scripts()
    parser.feed(page(out))
    links = [row[1] for row in json.loads(parser.scripts[0])["rows"] if row[1]]
    assert all((out / link).parent.joinpath("result.json").is_file() for link in links)


def test_words_of_an_error_cannot_end_the_script(out: Path) -> None:
    """The failed case's error says </script>."""
    text = page(out)
    assert len(re.findall("</script>", text)) == 2
    assert "no PET" in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_shows_the_table(tmp_path: Path) -> None:
    """A thousand cases are told; only those in sight stand in the document."""
    out = finish(tmp_path / "out", *(result(f"p{n:04d}", A="OLIGO") for n in range(1000)))
    page(out)
    shown = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         "--virtual-time-budget=2000", (out / "cohort.html").as_uri()],
        capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert "1001 of 1001 cases" in shown
    assert 10 < shown.count('class="row"') < 60
    assert 'href="cases/p0000/report.html"' in shown
