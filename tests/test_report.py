"""The report, opened in a real browser: read, filtered, searched, and attacked."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from verifiers.report import write_report
from verifiers.report.entries import split_thinking
from verifiers.rollouts.columns import ColumnError

HANG = 60  # seconds; only to notice a page that never answers

ARGUMENTS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync
--disable-dev-shm-usage --window-size=1400,900""".split()

OWNED = "document.title='owned'"
HOSTILE = [
    f'</script><script>{OWNED}</script><img src=x onerror="{OWNED}">',
    f"<!-- <script> --> ]]> <svg onload={OWNED}> &lt;b&gt; {{{{ 7*7 }}}} ${{{OWNED}}}",
    "\u202egnp.exe \u2066hidden\u2069 \x00\x00\x1b[31m \ud800 \u200b end",
    "مرحبا بالعالم 42",
    "long " * 20_000 + "tail",
]


def scored(status: str = "correct", **changes: Any) -> dict[str, Any]:
    reward = {"correct": 1.0, "partial": 0.5, "wrong": 0.0, "no_answer": 0.0}.get(status)
    return {
        "source": "sums",
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "6*7?"}],
        "completion": "<think>\nsix sevens\n</think>\nIt is \\boxed{42}, not 42.",
        "solution": "42",
        "reward": reward,
        "status": status,
        "extracted": "42" if reward is not None else None,
        "extracted_from": "box",
        "rule": "equal_numbers" if status == "correct" else "numbers_differ",
        "reason": f"this is {status}",
        **changes,
    }


def many() -> list[dict[str, Any]]:
    """Ten thousand rows: the hostile ones first, two needles, and one with tests."""
    rows = [
        scored("wrong", completion=text, prompt=text, source=text[:50], reason=text[:99], note=text)
        for text in HOSTILE
    ]
    tests = [
        {"name": "1", "outcome": "AC", "detail": "", "seconds": 0.01, "memory_bytes": 1 << 20},
        {
            "name": "2",
            "outcome": "WA",
            "detail": "word 2: expected '12', got '13'",
            "seconds": 0.01,
        },
    ]
    rows.append(scored("partial", source="code", test_results=json.dumps(tests)))
    statuses = ["correct"] * 5 + ["wrong"] * 3 + ["no_answer", "bad_reference"]
    while len(rows) < 10_000:
        number = len(rows)
        status = statuses[number % len(statuses)]
        source = "sums" if number % 4 else "products"
        text = f"<think>\nstep {number}\n</think>\nSo \\boxed{{{number}}}." + "x" * (number % 300)
        if number in (77, 9_876):
            text = text.replace("step", "a NEEDLE in step")
        rows.append(scored(status, source=source, completion=text, extracted=str(number)))
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


class Page:
    """The report in the browser, and what a reader does with it."""

    def __init__(self, browser: webdriver.Chrome, path: Path) -> None:
        self.browser = browser
        browser.get("about:blank")
        browser.get(path.as_uri())
        self.until(lambda: self.js("return document.body.dataset.ready") == "yes")

    def js(self, code: str, *arguments: Any) -> Any:
        return self.browser.execute_script(code, *arguments)

    def until(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + HANG
        while not (value := condition()):
            assert time.monotonic() < deadline, self.text("body")[:2000]
            time.sleep(0.02)
        return value

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def text(self, selector: str) -> str:
        found: str = self.js(
            "return document.querySelector(arguments[0])?.innerText ?? ''", selector
        )
        return found

    def texts(self, selector: str) -> list[str]:
        code = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"
        found: list[str] = self.js(code, selector)
        return found

    def click(self, selector: str) -> None:
        self.js("document.querySelector(arguments[0]).click()", selector)

    def choose(self, name: str, value: str) -> None:
        code = "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        kind = "change" if name in ("source", "rule", "order") else "input"
        self.js(f"{code} e.dispatchEvent(new Event('{kind}'))", name, value)

    def opened(self) -> str:
        found: str = self.js("return document.getElementById('detail').dataset.entry")
        return found

    def open(self, entry: str) -> None:
        self.until(lambda: self.opened() == entry)

    @property
    def count(self) -> str:
        return self.text("#count")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    assert binary, "no browser: tests/browser/need_chromium.sh installs one"
    assert driver, "no chromedriver: tests/browser/need_chromium.sh installs it"
    options = Options()
    options.binary_location = binary
    for argument in [*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options, Service(driver))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    source = write(folder / "scored.jsonl", many())
    assert write_report(str(source), str(folder / "report.html")) == (10_000, False)
    return folder / "report.html"


@pytest.fixture
def page(browser: webdriver.Chrome, large: Path) -> Iterator[Page]:
    opened = Page(browser, large)
    yield opened
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not complaints


# ---- the file ----------------------------------------------------------------------------------


def test_the_page_is_one_file_that_may_load_nothing(large: Path) -> None:
    text = large.read_text(encoding="utf-8")
    assert "default-src 'none'" in html.unescape(text)
    own, _, script = re.sub(r">[A-Za-z0-9+/=]{99,}<", "><", text).partition("<script")
    for part in (own, script):
        assert not re.search(r"""\b(src|href|url)\b\s*[=(]|https?://|@import""", part)
    for hostile in HOSTILE[:4]:
        assert hostile not in text
    assert "owned" not in text


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_a_report_of_each_format(tmp_path: Path, browser: webdriver.Chrome, ending: str) -> None:
    source, out = tmp_path / f"scored{ending}", tmp_path / "report.html"
    rows = [scored(), scored("wrong", extracted="41")]
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), source)
    else:
        write(source, rows)
    write_report(str(source), str(out), title="step 500")
    page = Page(browser, out)
    assert page.count == "2 completions"
    assert page.text("#title") == "step 500"
    assert "41 ≠ 42" in page.texts(".row")[1].replace("\n", " ")


def test_several_completions_in_a_row_are_entries_of_their_own(
    tmp_path: Path, browser: webdriver.Chrome
) -> None:
    grouped = {
        **{name: [value, value] for name, value in scored().items()},
        "solution": "42",
        "prompt": "6*7?",
        "source": "groups",
        "extracted": ["42", "43"],
        "status": ["correct", "wrong"],
    }
    write_report(
        str(write(tmp_path / "s.jsonl", [grouped, {**grouped, "completion": []}])),
        str(tmp_path / "r.html"),
    )
    page = Page(browser, tmp_path / "r.html")
    assert page.count == "2 completions"
    page.press("j", "j")
    page.open("1.2")
    assert page.text(".badge") == "wrong"


def test_a_file_without_rows_or_beyond_the_limit(tmp_path: Path, browser: webdriver.Chrome) -> None:
    out = tmp_path / "r.html"
    write_report(str(write(tmp_path / "empty.jsonl", [])), str(out))
    assert "holds no completions" in Page(browser, out).text("#rows")
    five = write(tmp_path / "five.jsonl", [scored()] * 5)
    assert write_report(str(five), str(out), limit=3) == (3, True)
    assert Page(browser, out).count == "3+ completions"


def test_a_file_that_was_not_scored_says_what_to_do(tmp_path: Path) -> None:
    source = write(tmp_path / "raw.jsonl", [{"completion": "4", "answer": "4"}])
    with pytest.raises(ColumnError, match="score it first, with verifiers score"):
        write_report(str(source), str(tmp_path / "r.html"))


def test_the_command(tmp_path: Path) -> None:
    source = write(tmp_path / "scored.jsonl", [scored()])
    command = [sys.executable, "-m", "verifiers", "report"]

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, text=True, timeout=HANG
        )

    done = run(source, "--json")
    found = json.loads(done.stdout)
    assert (found["out"], found["completions"]) == (str(tmp_path / "scored.html"), 1)
    assert (tmp_path / "scored.html").stat().st_size == found["bytes"]
    assert "1 completions" in run(source, "-o", tmp_path / "b.html").stdout
    assert run(tmp_path / "none.jsonl").returncode == 2
    same = run(source, "-o", source)
    assert (same.returncode, "name another one" in same.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[THINK]a[/THINK]b", ("", "[THINK]a[/THINK]", "b")),
        ("a</think>b", ("", "a</think>", "b")),
        ("<think>a</think>b</think>c", ("", "<think>a</think>b</think>", "c")),
        ("x <think>a", ("x ", "<think>a", "")),
        ("no thinking <|end|>", ("", "", "no thinking <|end|>")),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b",
            (
                "",
                "<|channel|>analysis<|message|>a<|end|>",
                "<|start|>assistant<|channel|>final<|message|>b",
            ),
        ),
    ],
)
def test_the_thinking_is_split_off(text: str, parts: tuple[str, str, str]) -> None:
    assert split_thinking(text) == parts


# ---- reading -----------------------------------------------------------------------------------


def test_open_a_row(page: Page) -> None:
    page.choose("source", "products")
    page.click(".row")
    page.until(page.opened)
    assert (page.opened(), page.text(".badge")) == ("9", "no answer")
    assert page.text(".completion mark.answer") == page.text(".side.own .text")
    assert page.texts(".box .role") == ["system", "user"]
    assert page.text("details.thinking .text") == ""  # folded
    page.click("details.thinking summary")
    page.until(lambda: "step" in page.text("details.thinking .text"))


def test_the_answer_is_highlighted_in_its_box(tmp_path: Path, browser: webdriver.Chrome) -> None:
    write_report(str(write(tmp_path / "s.jsonl", [scored()])), str(tmp_path / "r.html"))
    page = Page(browser, tmp_path / "r.html")
    page.press("j")
    page.open("1")
    assert page.text("mark.answer") == "42"
    before = page.js("return document.querySelector('mark.answer').previousSibling.textContent")
    assert before.endswith("\\boxed{")


def test_tests_of_a_program_with_their_differences(page: Page) -> None:
    page.choose("source", "code")
    page.press("j")
    page.open("6")
    assert "1 of 2 passed" in page.text("#detail")
    assert page.text("td:nth-child(3)") == ""
    assert (page.text("del"), page.text("ins")) == ("expected '12'", "got      '13'")
    assert page.texts(".diff b") == ["2", "3"]
    assert page.texts("td.failed") == ["WA"]


def test_hostile_text_is_shown_and_obeyed_nowhere(page: Page) -> None:
    for number, text in enumerate(HOSTILE, 1):
        page.press("j")
        page.open(str(number))
        assert (
            page.js("return document.querySelectorAll('article script, article img, svg').length")
            == 0
        )
        shown = page.text(".completion .text")
        if number <= 2:
            assert shown == text
    assert page.js("return document.title") == "scored.jsonl · verifiers"
    assert "characters left out" in shown
    assert shown.endswith("tail")
    page.press("k", "k")
    page.open("3")
    assert page.texts(".completion .control") == [
        "U+202E", "U+2066", "U+2069", "U+0000 ×2", "U+001B", "U+D800", "U+200B",
    ]  # fmt: skip


# ---- filters and search ------------------------------------------------------------------------


def test_filters_by_status_rule_source_reward_and_length(page: Page) -> None:
    page.click("#statuses [data-status=no_answer]")
    assert page.count == "1,000 of 10,000"
    page.click("#statuses [data-status=bad_reference]")
    assert page.count == "2,000 of 10,000"
    page.click("#clear")
    page.choose("rule", "equal_numbers")
    assert set(page.texts(".row .reward")) == {"1"}
    page.choose("source", "products")
    only = page.count
    page.click("#clear")
    assert page.count == "10,000 completions"
    page.press("1")
    page.choose("source", "products")
    assert page.count == only
    page.press("x")
    page.choose("low", "0.4")
    page.choose("high", "0.6")
    assert page.count == "1 of 10,000"
    page.press("x")
    page.choose("short", "50000")
    assert page.count == "1 of 10,000"


def test_a_bar_of_a_figure_filters(page: Page) -> None:
    labels = page.js(
        "return [...document.querySelectorAll('.bars button')].map((b) => b.title.split('\\n')[0])"
    )
    rewards = [row["reward"] for row in many()]
    assert labels[:3] == [f"{value:g}: {rewards.count(value):,}" for value in (0.0, 0.5, 1.0)]
    page.click(".bars button:nth-child(2)")
    assert page.count == "1 of 10,000"


def test_search_finds_text_anywhere(page: Page) -> None:
    page.press("/", *"needle")
    page.until(lambda: page.count == "2 of 10,000")
    page.press(Keys.ENTER)
    page.open("78")
    assert page.text("mark.hit") == "NEEDLE"
    page.press("j")
    page.open("9877")
    page.press("/", Keys.BACKSPACE, *"</SCRIPT><script")
    page.until(lambda: page.count == "1 of 10,000")
    page.press(Keys.ESCAPE, Keys.ESCAPE, "x")
    page.until(lambda: page.count == "10,000 completions")


def test_orders(page: Page) -> None:
    page.choose("order", "length-down")
    assert page.text(".row .number").endswith("#5")
    page.choose("order", "reward-down")
    assert page.text(".row .reward") == "1"
    page.choose("order", "row")
    assert page.text(".row .number").endswith("#1")


# ---- ten thousand rows, the keyboard, the theme ------------------------------------------------


def test_only_the_rows_that_are_seen_exist(page: Page) -> None:
    for place in (0.0, 0.5, 1.0):
        page.js(
            "const list = document.getElementById('list'); "
            "list.scrollTop = arguments[0] * list.scrollHeight",
            place,
        )
        wanted = str(round(1 + place * 9_999))
        page.until(lambda wanted=wanted: any(
            text.endswith("#" + wanted) for text in page.texts(".row .number")
        ))  # fmt: skip
        assert len(page.texts(".row")) < 60


def test_keys(page: Page) -> None:
    page.press("j", "j", "j", "k")
    page.open("2")
    page.press("G")
    page.open("10000")
    page.press("t")
    assert "step 9999" in page.text("details.thinking .text")
    page.press("g")
    page.open("1")
    page.press("t", Keys.ESCAPE)
    assert "mean reward" in page.text("#detail")
    page.press(Keys.ENTER)
    page.open("1")
    page.press("?")
    assert "next, previous" in page.text("#help")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.js("return document.getElementById('help').open"))
    page.press("j")
    page.open("2")


def test_a_link_to_a_row_opens_it(page: Page, large: Path) -> None:
    page.browser.get("about:blank")
    page.browser.get(large.as_uri() + "#row=5000")
    page.open("5000")


def test_light_and_dark(page: Page) -> None:
    def back() -> str:
        found: str = page.js("return getComputedStyle(document.body).backgroundColor")
        return found

    before = back()
    page.press("d")
    assert back() != before
    page.browser.refresh()
    page.until(lambda: page.js("return document.body.dataset.ready") == "yes")
    assert back() != before
    page.press("d")
    assert back() == before
