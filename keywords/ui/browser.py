"""The browser of a suite: Chromium of this machine, through robotframework-browser, without any network."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from keywords.run.needs import BROWSER_APPS, BROWSERS
from keywords.run.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

Scheme = Literal["light", "dark"]
LIMIT_S = 10
"""For one step in a page; all that these rows open lies on this machine."""
HEIGHT = 900
"""Pixels of a window; pages are judged by their width."""


class BrowserRoom:
    """One Chromium, started at the first page, and closed with the row or suite that opened it."""

    def __init__(self) -> None:
        self._library: Any = None

    def open(self, url: str, width: int, scheme: Scheme) -> None:
        """Open a page in a window of its own, in a context that reaches no network."""
        from Browser.utils.data_types import ColorScheme, SelectionType  # noqa: PLC0415  # not on every machine

        library = self._started()
        library.close_context(SelectionType.ALL)
        library.new_context(
            viewport={"width": width, "height": HEIGHT},
            colorScheme=ColorScheme[scheme],
            offline=True,
            acceptDownloads=False,
        )
        library.new_page(url)

    def evaluate(self, script: str, argument: object = None) -> Any:
        """What a JavaScript function returns in the page."""
        return self._opened().evaluate_javascript(None, script, arg=argument)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        from Browser.utils.data_types import KeyAction  # noqa: PLC0415  # not on every machine

        for key in keys:
            self._opened().keyboard_key(KeyAction.press, key)

    def click(self, selector: str) -> None:
        """Click on an element."""
        self._opened().click(selector)

    def screenshot(self, path: Path) -> None:
        """Save a picture of what the window shows of the page: its beginning."""
        self._opened().take_screenshot(filename=str(path.with_suffix("")), fullPage=False)

    def url(self) -> str:
        """The address of the page."""
        return str(self._opened().get_url())

    def _opened(self) -> Any:
        if self._library is None:
            raise ValueError("no page is open: open one by Open Page")
        return self._library

    def _started(self) -> Any:
        if self._library is None:
            # The batteries come with a Node of their own, and not on every machine.
            from Browser import Browser  # noqa: PLC0415
            from Browser.utils.data_types import PlaywrightLogTypes, SupportedBrowsers  # noqa: PLC0415

            # Its log would lie at the top of the results.
            library = Browser(
                timeout=timedelta(seconds=LIMIT_S),
                enable_playwright_debug=PlaywrightLogTypes.disabled,
                run_on_failure="None",
            )
            library.new_browser(
                SupportedBrowsers.chromium, headless=True, executablePath=_executable(), args=["--no-sandbox"]
            )
            self._library = library
            SCOPES.remember(self._close)
        return self._library

    def _close(self) -> None:
        from Browser.utils.data_types import SelectionType  # noqa: PLC0415  # not on every machine

        library, self._library = self._library, None
        library.close_browser(SelectionType.ALL)
        library.playwright.close()


def _executable() -> str:
    """The Chromium or Chrome of this machine; rows that need one are skipped where there is none."""
    found: Sequence[str | None] = [shutil.which(name) for name in BROWSERS]
    apps = [str(app) for app in BROWSER_APPS if Path(app).exists()]
    return next(path for path in (*found, *apps) if path)


BROWSER = BrowserRoom()
"""The one browser of the run."""
