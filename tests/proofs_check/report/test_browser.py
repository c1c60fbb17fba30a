"""The page in headless Chromium, where there is one: nothing reaches beyond the side of a phone's screen."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proofs_check.claims import all_claims
from proofs_check.lemma_graph import LemmaGraph
from proofs_check.report.page import Entry, page
from tests.proofs_check.report.reports import unverified

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# A frame as wide as a phone; what is measured in it becomes the text of the page.
FRAME = """<!doctype html><body><iframe style="border:0;width:{width}px;height:800px" srcdoc="{page}"></iframe>
<script>
document.querySelector("iframe").onload = event => {{
  const frame = event.target.contentDocument, heights = kind => [...frame.querySelectorAll(kind)].map(
    one => Math.round(one.getBoundingClientRect().height));
  document.body.textContent = JSON.stringify({{
    width: frame.documentElement.scrollWidth, articles: heights("article"), formulas: heights(".statement math"),
    plots: heights(".plot"), loaded: frame.defaultView.performance.getEntriesByType("resource").length,
  }});
}};
</script></body>"""


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_the_screen(tmp_path: Path, width: int) -> None:
    claims = list(all_claims().values())
    entries = [Entry(known, unverified(known)) for known in claims]
    framed = FRAME.format(width=width, page=html.escape(page(entries, LemmaGraph(claims))))
    file = tmp_path / "frame.html"
    file.write_text(framed, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [str(BROWSER), *options, f"--window-size={width + 100},900", "--virtual-time-budget=20000"]
    ran = subprocess.run([*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120)
    found = re.search(r"\{.*\}", ran.stdout)
    assert found, ran.stderr[-500:]
    measured = json.loads(html.unescape(found[0]))
    assert measured["width"] <= width
    assert measured["loaded"] == 0
    assert len(measured["articles"]) == len(measured["plots"]) == len(claims)
    assert min(measured["articles"]) > 200
    assert min(measured["plots"]) > 100
    assert measured["formulas"]
    assert all(0 < height < 200 for height in measured["formulas"])
