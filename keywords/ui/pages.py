"""Pages in a real browser: how they fit, what they ask for, whether a keyboard and a screen reader can use them."""

from importlib import resources
from pathlib import Path
from typing import Any, get_args

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.processes.node import find_node
from keywords.engine.processes.node_packages import install_packages
from keywords.run.assertions import verify
from keywords.run.inconclusive import verify_time
from keywords.run.output_folder import evidence_folder
from keywords.run.scopes import SCOPES
from keywords.ui.browser import BROWSER, Scheme

WIDTHS = (1440, 390)
"""Pixels of a desktop's window and of a phone."""
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
SERIOUS = ("serious", "critical")
"""Impacts of faults, in axe's words, that people cannot work around."""
TABS_MAX = 400
_OUTSIDE = """() => performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => !/^(file|data|blob|about):/.test(name))"""
_OVERFLOW = """() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (one) => one.closest(".scroll") && !one.matches(".scroll");
    const wide = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width + 1
        && !scrolls(one)).map((one) => one.tagName.toLowerCase() + "." + one.className).slice(0, 5);
    return document.documentElement.scrollWidth > width + 1 ? wide : [];
}"""
_FOCUSABLE = """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && one.getClientRects().length).length"""
_FOCUSED = """() => {
    window.reached ??= new Set();
    const before = window.reached.size;
    if (document.activeElement !== document.body) window.reached.add(document.activeElement);
    const outline = getComputedStyle(document.activeElement);
    const seen = outline.outlineStyle !== "none" && parseFloat(outline.outlineWidth) > 0;
    return [window.reached.size, window.reached.size > before, seen, document.activeElement.outerHTML.slice(0, 80)];
}"""
_OPENED = """() => { document.body.getBoundingClientRect();
    return performance.getEntriesByType("navigation")[0].loadEventEnd / 1000; }"""
_COLOURS = ("color-contrast", "link-in-text-block")
"""Rules of axe that look at colours; only their results depend on the scheme."""
_AXE = """async (options) => (await axe.run(document, {resultTypes: ["violations"], ...options})).violations
    .map((one) => ({id: one.id, impact: one.impact, help: one.help, nodes: one.nodes.map((node) => node.html)}))"""
_WITHOUT_ALIKE_ROWS = """() => {
    const seen = new Map();
    const own = (one) => [one.tagName, one.className, one.getAttribute("style"), one.hidden].join(" ");
    for (const row of document.querySelectorAll("tbody > tr")) {
        const pairs = [row, ...row.querySelectorAll("*")].map((one) => own(one.parentElement) + " > " + own(one));
        const kind = [...new Set(pairs)].sort().join("; ");
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (seen.get(kind) > 2) row.remove();
    }
}"""
"""Of table rows whose elements have the same classes and styles, and so the same colours, it leaves two.

The rules on colours take axe 10 s on a matrix of 1,400 rows, and 0.3 s on what is left.
"""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PagesLibrary:
    """Open pages that lie on this machine in Chromium, which reaches no network.

    ```robotframework
    Open Page    ${OUTPUT_DIR}/matrix/index.html
    Page Should Have No Serious Fault    ${OUTPUT_DIR}/matrix/index.html
    ```
    """

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = SCOPES

    @keyword
    def open_page(self, file: Path, width: int = WIDTHS[0], scheme: Scheme = "light") -> None:
        """Open a page in a window of its own; it stays open to the end of the row.

        Args:
            file: the page.
            width: of the window, in pixels.
            scheme: `light` or `dark`, as the system of its reader prefers.

        ```robotframework
        Open Page    ${OUTPUT_DIR}/index.html    width=390    scheme=dark
        ```
        """
        BROWSER.open(file.resolve().as_uri(), width, scheme)

    @keyword
    def save_screenshots(self, file: Path) -> None:
        """Save pictures of a page as evidence: on a desktop and on a phone, in light and in dark.

        ```robotframework
        Save Screenshots    ${OUTPUT_DIR}/index.html
        ```
        """
        for width in WIDTHS:
            for scheme in SCHEMES:
                self.open_page(file, width, scheme)
                BROWSER.screenshot(evidence_folder() / f"{file.resolve().parent.name} {width} {scheme}.png")

    @keyword
    def page_should_fit_each_width(self, file: Path) -> None:
        """Verify that nothing of a page is cut off to the right, on a desktop and on a phone.

        What scrolls within a frame of its own is not cut off.

        Raises:
            AssertionError: with the elements that are too wide.

        ```robotframework
        Page Should Fit Each Width    ${OUTPUT_DIR}/index.html
        ```
        """
        for width in WIDTHS:
            self.open_page(file, width)
            if wide := BROWSER.evaluate(_OVERFLOW):
                raise AssertionError(f"At {width} pixels the page is wider than its window: {', '.join(wide)}")

    @keyword
    def get_requests_to_outside(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[str]:
        """The addresses on other machines that the open page asked for.

        ```robotframework
        Open Page    ${OUTPUT_DIR}/index.html
        ${requests} =    Get Requests To Outside
        Get Number Of    requests    ${requests}    ==    0
        ```
        """
        asked = BROWSER.evaluate(_OUTSIDE)
        return verify(asked, assertion_operator, assertion_expected, "Requests of the page to outside", message)

    @keyword
    def page_should_have_no_serious_fault(self, file: Path) -> None:
        """Verify with axe-core that a page has no serious fault of accessibility, in light and in dark.

        Raises:
            AssertionError: with the faults, and the first elements that have them.
            PackagesUnavailableError: axe-core is not installed and cannot be fetched now.

        ```robotframework
        Page Should Have No Serious Fault    ${OUTPUT_DIR}/index.html
        ```
        """
        axe = install_packages(find_node(), resources.files(__package__) / "axe", "axe-core/axe.min.js")
        source = axe.read_text(encoding="utf-8")
        for scheme in SCHEMES:
            self.open_page(file, scheme=scheme)
            BROWSER.evaluate("(source) => { (0, eval)(source); }", source)
            faults = []
            if scheme == SCHEMES[0]:
                faults += BROWSER.evaluate(_AXE, {"rules": {rule: {"enabled": False} for rule in _COLOURS}})
            BROWSER.evaluate(_WITHOUT_ALIKE_ROWS)
            faults += BROWSER.evaluate(_AXE, {"runOnly": list(_COLOURS)})
            logger.info(f"{scheme}: {faults}")
            serious = [f"{one['id']}: {one['help']}: {one['nodes'][:2]}" for one in faults if one["impact"] in SERIOUS]
            if serious:
                raise AssertionError(f"In {scheme} the page has serious faults: {'; '.join(serious)}")

    @keyword
    def every_control_should_be_reached_by_tab(self) -> None:
        """Verify that the Tab key reaches each visible link, button and field of the open page, and shows where it is.

        Raises:
            AssertionError: with the numbers, or with a control that does not show that it has the focus.

        ```robotframework
        Every Control Should Be Reached By Tab
        ```
        """
        expected = BROWSER.evaluate(_FOCUSABLE)
        reached = 0
        for _ in range(min(expected, TABS_MAX)):
            BROWSER.press("Tab")
            reached, is_new, is_shown, element = BROWSER.evaluate(_FOCUSED)
            if not is_new:
                break
            if not is_shown:
                raise AssertionError(f"Nothing shows that this has the focus: {element}")
        if reached < min(expected, TABS_MAX):
            raise AssertionError(f"The Tab key reaches {reached} of {expected} controls")
        logger.info(f"{reached} of {expected} controls reached")

    @keyword
    def get_seconds_to_open(
        self,
        file: Path,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Open a page and get the seconds until it is laid out and its load event has ended.

        Raises:
            AssertionError: it takes longer, and the machine does not explain it.
            SkipExecution: it takes longer, and the machine explains it.

        ```robotframework
        Get Seconds To Open    ${OUTPUT_DIR}/index.html    <    2
        ```
        """
        self.open_page(file)
        seconds = float(BROWSER.evaluate(_OPENED))
        return verify_time(seconds, assertion_operator, assertion_expected, "Seconds to open the page", message)

    @keyword
    def follow_link(self, text: str) -> None:
        """Click on the first link with a text in the open page.

        ```robotframework
        Follow Link    An answer that nobody gives is expected
        ```
        """
        BROWSER.click(f'a:has-text("{text}") >> nth=0')
        logger.info(BROWSER.url())

    @keyword
    def get_page_text(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The visible text of the open page.

        ```robotframework
        Get Page Text    contains    NO-GO
        ```
        """
        text = str(BROWSER.evaluate("() => document.body.innerText"))
        return verify(text, assertion_operator, assertion_expected, "The page's text", message)

    @keyword
    def get_count_of_elements(
        self,
        selector: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        r"""How many visible elements of the open page a CSS selector finds.

        ```robotframework
        Get Count Of Elements    \#forward tbody tr    ==    1
        ```
        """
        script = "(s) => [...document.querySelectorAll(s)].filter((one) => one.checkVisibility()).length"
        count = int(BROWSER.evaluate(script, selector))
        return verify(count, assertion_operator, assertion_expected, f"The number of {selector}", message)

    @keyword
    def press_keys(self, selector: str, *keys: str) -> None:
        r"""Put the focus on an element and press keys, as a person without a mouse does.

        ```robotframework
        Press Keys    \#failing    Space
        ```
        """
        BROWSER.evaluate("(s) => document.querySelector(s).focus()", selector)
        BROWSER.press(*keys)
