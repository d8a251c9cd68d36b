"""The page in a real browser: it loads without complaint, filters, unfolds, and fits a phone."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bnlint.report import render
from pages import whole

Make = Callable[..., Any]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="no Chromium with its chromedriver is found")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Otherwise the page is still scrolling when something in it is clicked.
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = BROWSER or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium: Any, finding: Make, report: Make, tmp_path: Path) -> Iterator[Any]:
    """The report, open; afterwards the browser must have had nothing to complain about."""
    file = tmp_path / "report.html"
    file.write_text(render(whole(finding, report), "html"), encoding="utf-8")
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    chromium.set_window_size(1200, 900)
    chromium.get(file.as_uri())
    yield chromium
    assert chromium.get_log("browser") == []
    assert chromium.execute_script("return performance.getEntriesByType('resource').length") == 0


def visible(page: Any, selector: str) -> list[Any]:
    return [each for each in page.find_elements("css selector", selector) if each.is_displayed()]


def press(page: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(page).send_keys(key).perform()


def test_charts_are_drawn(page: Any) -> None:
    (chart,) = visible(page, "svg.chart")
    assert chart.size["width"] > 300
    assert chart.size["height"] > 100
    colors = page.execute_script(
        "return [0, 1].map(n => getComputedStyle(document.querySelector(`.chart .color-${n} path`)).stroke)"
    )
    assert len(set(colors)) == 2
    assert "none" not in colors


def test_findings_are_filtered(page: Any) -> None:
    assert len(visible(page, "article.finding")) == 3
    page.find_element("id", "search").send_keys("SWAPPED-momentum other.py")
    (left,) = visible(page, "article.finding")
    assert "BN501" in left.text
    assert len(visible(page, "section.file")) == 1
    assert page.find_element("id", "shown").text == "1 of 3 shown"
    page.find_element("id", "search").send_keys("\ue009a\ue000", "\ue003")
    assert page.find_element("id", "shown").text == "All 3 shown"
    page.find_element("css selector", "input[value=error]").click()
    assert [each.get_attribute("data-severity") for each in visible(page, "article.finding")] == ["warning", "info"]
    page.find_element("css selector", "input[value=undecided]").click()
    assert visible(page, "article.finding") == []
    assert page.find_element("id", "shown").text == "0 of 3 shown"


def test_the_lesson_unfolds_in_place(page: Any) -> None:
    finding = visible(page, "article.finding")[0]
    finding.find_element("css selector", "details.lesson > summary").click()
    deadline = time.monotonic() + 5
    while not finding.find_elements("css selector", "details.lesson .prose") and time.monotonic() < deadline:
        time.sleep(0.05)
    lesson = finding.find_element("css selector", "details.lesson .prose")
    assert lesson.is_displayed()
    assert "Why it is wrong" in lesson.text
    assert lesson.find_elements("css selector", "pre.code span")
    # A rule that the report knows no lesson of offers none.
    assert len(page.find_elements("css selector", "details.lesson")) == 2


def test_the_keyboard_is_enough(page: Any) -> None:
    press(page, "\ue004")
    assert page.switch_to.active_element.text == "Skip to the findings"
    press(page, "j", "j")
    assert "BN501" in page.switch_to.active_element.text
    press(page, "k")
    assert "BN101" in page.switch_to.active_element.text
    press(page, "l")
    assert visible(page, "article.finding details.lesson[open]")
    press(page, "/", "j")
    assert page.switch_to.active_element.get_attribute("id") == "search"
    assert page.find_element("id", "search").get_attribute("value") == "j"
    press(page, "\ue00c")
    assert page.switch_to.active_element.get_attribute("id") != "search"


def test_it_fits_a_phone(page: Any) -> None:
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for details in page.find_elements("css selector", "details"):
        page.execute_script("arguments[0].open = true", details)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    assert visible(page, "svg.chart")


def test_it_is_dark_where_all_is_dark(page: Any) -> None:
    def brightness(of: str) -> float:
        color = page.execute_script(f"return getComputedStyle(document.body).{of}")
        return sum(float(part) for part in color.strip("rgba()").split(",")[:3])

    assert brightness("backgroundColor") > 600 > brightness("color")
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen", "features": dark})
    assert brightness("backgroundColor") < 200 < brightness("color")


def test_it_can_be_printed(page: Any) -> None:
    import base64

    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert not visible(page, ".filters")
    assert visible(page, "svg.chart")
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert visible(page, ".lessons .prose")
    assert base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {})["data"]).startswith(b"%PDF")
