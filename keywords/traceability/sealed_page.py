"""Makes Allure's page one that fetches nothing: no analytics, no address outside, and a browser that enforces it."""

from __future__ import annotations

import re

ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/[^"]*"></script>'
    r"\s*<script>(?:(?!</script>).)*?gtag\((?:(?!</script>).)*</script>",
    re.DOTALL,
)
"""The two scripts that Allure 3 puts into every page, without a switch to leave them out."""
OUTSIDE = re.compile(
    r"""<[a-z]+\b[^>]*?\s(?:src|srcset|data)\s*=\s*["']?(?:https?:)?//[^>]{0,80}"""
    r"""|<link\b[^>]*?\shref\s*=\s*["']?(?:https?:)?//[^>]{0,80}"""
    r"|googletagmanager|google-analytics",
)
INLINE_DATA = re.compile(r"base64,[A-Za-z0-9+/=]+")
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="'
    "default-src 'self' data: blob: 'unsafe-inline'; base-uri 'self'; form-action 'none'\">"
)
"""Tells the browser to refuse whatever the page, or a page attached to it, would fetch from elsewhere."""


STAY_AT_TOP = """<script>
(() => {
  if (location.hash) return;
  const toTop = ({target}) => { (target.scrollingElement ?? target).scrollTop = 0; };
  const stop = () => document.removeEventListener("scroll", toTop, true);
  document.addEventListener("scroll", toTop, true);
  for (const input of ["wheel", "pointerdown", "keydown", "touchstart"]) addEventListener(input, stop, true);
  setTimeout(stop, 5000);
})();
</script>"""
"""Allure gives its first row the focus and so scrolls past its own summary; this undoes it until the reader acts."""


class SealError(Exception):
    """A page would still load something from outside."""


def seal(html: str) -> str:
    """Take Allure's analytics out of a page, forbid it to load anything from outside, and let it open at its top.

    Raises:
        SealError: something else in the page would be loaded from outside.
    """
    sealed = ANALYTICS.sub("", html)
    if "<head>" not in sealed:
        raise SealError(
            "the Allure page has no <head>; keywords/traceability/sealed_page.py expects one for its policy"
        )
    if left := OUTSIDE.search(INLINE_DATA.sub("base64,", sealed)):
        raise SealError(
            f"the Allure page would load from outside: {left[0]}; remove it in keywords/traceability/sealed_page.py"
        )
    return sealed.replace("<head>", f"<head>\n    {POLICY}\n    {STAY_AT_TOP}", 1)
