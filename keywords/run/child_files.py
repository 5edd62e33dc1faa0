"""Where a small run within a run leaves its files."""

import re
from html import unescape
from urllib.parse import unquote

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.run.robot_process import ChildRun
from keywords.traceability.evidence.earlier_run import FILES, FOLDERS

_WORKINGS = re.compile(
    r'<tr><th><a href="[^"]*/work/[^"]*">(?P<owner>[^<]*)</a></th>\s*<td>(?P<links>.*?)</td></tr>', re.DOTALL
)
_LINK = re.compile(r'<a href="(?P<link>[^"]*)">(?P<name>[^<]*)</a>')


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildFilesLibrary:
    """Look into the output folder of a run of `suites/selftest/_child/`.

    ```robotframework
    ${child} =    Run Child    leaving_workings.robot
    Top Of Results Should Hold Pages Only    ${child}
    ```
    """

    @keyword
    def top_of_results_should_hold_pages_only(self, child: ChildRun) -> None:
        """Verify that nothing lies at the top of a run's results but the pages and the files that programs read.

        Raises:
            AssertionError: with the names of what else lies there.

        ```robotframework
        Top Of Results Should Hold Pages Only    ${child}
        ```
        """
        names = sorted(path.name for path in child.folder.iterdir())
        logger.info(", ".join(names))
        if others := set(names) - {*FOLDERS, *FILES}:
            raise AssertionError(
                f"At the top of {child.folder} lies what is no page: {', '.join(sorted(others))}; make it by "
                f"keywords.run.output_folder"
            )

    @keyword
    def get_linked_workings(self, child: ChildRun, row: str, owner: str) -> list[str]:
        """The names of what a row or one of its suites worked with, as the row's evidence links it.

        Args:
            child: the run.
            row: the row.
            owner: the full name of the suite; `this row` is the row itself.

        Raises:
            AssertionError: the row left no evidence, the evidence names no workings of that owner, or a link leads
                nowhere.

        ```robotframework
        ${names} =    Get Linked Workings    ${child}    A row works with files    this row
        Get Field    ${names}    [0]    ==    gateway-1.log
        ```
        """
        page = child.folder / (child.row(row).evidence or "")
        if not page.is_file():
            raise AssertionError(f"The row {row!r} left no evidence")
        linked = {unescape(found["owner"]): found["links"] for found in _WORKINGS.finditer(page.read_text("utf-8"))}
        if owner not in linked:
            raise AssertionError(f"{page} links no workings of {owner!r}, only of {sorted(linked)}")
        links = [
            (found["name"], page.parent / unquote(unescape(found["link"]))) for found in _LINK.finditer(linked[owner])
        ]
        if dead := [name for name, path in links if not path.exists()]:
            raise AssertionError(f"{page} links what is not there: {', '.join(dead)}")
        return [name for name, _ in links]
