"""Make the pictures of the documentation anew: python docs/make_screenshots.py

Needs chromium, its driver, selenium and Pillow. The rollouts are those of `examples/`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from rich.console import Console
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

from verifiers.cli.summary import show_summary
from verifiers.report import write_report

DOCS = Path(__file__).parent
ROLLOUTS = DOCS.parent / "examples" / "rollouts.jsonl"

#: name of the picture -> the keys pressed before it is taken
PICTURES = {"report-figures": "", "report-rollout": "djjt"}

ARGUMENTS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync
--hide-scrollbars --window-size=1360,960""".split()


def browser(profile: str) -> webdriver.Chrome:
    options = Options()
    for argument in [*ARGUMENTS, f"--user-data-dir={profile}"]:
        options.add_argument(argument)
    return webdriver.Chrome(options, Service(shutil.which("chromedriver")))


def take_pictures(page: Path, profile: str) -> None:
    chrome = browser(profile)
    try:
        for name, keys in PICTURES.items():
            chrome.get(page.as_uri())
            while chrome.execute_script("return document.body.dataset.ready") != "yes":
                time.sleep(0.05)
            for key in keys:
                ActionChains(chrome).send_keys(key).perform()
            time.sleep(1)
            target = DOCS / f"{name}.png"
            chrome.save_screenshot(str(target))
            # Few colours, so a palette: a third of the size.
            picture = Image.open(target).convert("RGB")
            picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(target, optimize=True)
    finally:
        chrome.quit()


def draw_summary(report: dict[str, object]) -> None:
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=88, file=nowhere, force_terminal=True)
        show_summary(console, {**report, "file": "rollouts.jsonl", "out": "scored.jsonl"})
    picture = console.export_svg(title="verifiers score rollouts.jsonl --out scored.jsonl")
    # Fonts of the reader's own: the page is to load nothing.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)
    (DOCS / "summary.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        scored, page = Path(folder, "scored.jsonl"), Path(folder, "report.html")
        command = [sys.executable, "-m", "verifiers", "score", str(ROLLOUTS)]
        done = subprocess.run(
            [*command, "--out", str(scored), "--json"], capture_output=True, check=True
        )
        draw_summary(json.loads(done.stdout))
        write_report(str(scored), str(page), title="step 500")
        take_pictures(page, folder)


if __name__ == "__main__":
    main()
