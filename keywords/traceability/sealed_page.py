"""Seal of Allure's page: it fetches nothing from outside, and the browser enforces that."""

from __future__ import annotations

import re

ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/[^"]*"></script>'
    r"\s*<script>(?:(?!</script>).)*?gtag\((?:(?!</script>).)*</script>",
    re.DOTALL,
)
"""The two analytics scripts that Allure 3 puts into every page, without an option to leave them out."""
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
"""Makes the browser refuse all fetches from outside, also by attached pages."""

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
"""Undoes, until the reader acts, that Allure focuses its first row and so scrolls past its summary."""


class SealError(Exception):
    """The page would load something from outside."""


def seal(html: str) -> str:
    """Remove Allure's analytics from a page, forbid loading from outside, and open the page at its top.

    Raises:
        SealError: the page would load something else from outside.
    """
    sealed = ANALYTICS.sub("", html)
    if "<head>" not in sealed:
        raise SealError(
            "the Allure page has no <head>; keywords/traceability/sealed_page.py expects one for its policy"
        )
    if outside := OUTSIDE.search(INLINE_DATA.sub("base64,", sealed)):
        raise SealError(
            f"the Allure page would load from outside: {outside[0]}; remove it in keywords/traceability/sealed_page.py"
        )
    return sealed.replace("<head>", f"<head>\n    {POLICY}\n    {STAY_AT_TOP}", 1)
