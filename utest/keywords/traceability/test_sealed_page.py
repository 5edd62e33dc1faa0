import pytest

from keywords.traceability.sealed_page import POLICY, STAY_AT_TOP, SealError, seal

ANALYTICS = """
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-ABC"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('config', 'G-ABC', { "report": "awesome" });
    </script>
"""


def page(*, head="", body=""):
    return f"<html><head>{head}</head><body><script>first()</script>{body}<script>last()</script></body></html>"


def test_the_analytics_go_and_every_other_script_stays():
    sealed = seal(page(body=ANALYTICS))
    assert "googletagmanager" not in sealed
    assert "gtag" not in sealed
    assert sealed.count("<script") == 3
    assert STAY_AT_TOP in sealed
    assert "<script>first()</script>" in sealed
    assert "<script>last()</script>" in sealed


def test_the_browser_is_told_to_load_nothing_from_outside():
    assert f"<head>\n    {POLICY}" in seal(page())


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example.com/x.js"></script>',
        "<script async src='//cdn.example.com/x.js'></script>",
        '<img alt="x" src=http://example.com/pixel.gif>',
        '<link rel="stylesheet" href="https://fonts.example.com/x.css">',
        "<script>load('https://www.google-analytics.com/collect')</script>",
    ],
)
def test_anything_else_from_outside_is_refused(body):
    with pytest.raises(SealError, match="load from outside: "):
        seal(page(body=body))


@pytest.mark.parametrize(
    "body",
    [
        '<script src="data:text/javascript;base64,Ly9leGFtcGxl"></script>',
        '<a href="https://allurereport.org">Allure</a>',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_inline_data_and_links_to_follow_are_no_loading(body):
    assert body in seal(page(body=body))


def test_a_page_that_cannot_take_the_policy_is_refused():
    with pytest.raises(SealError, match="no <head>"):
        seal("<html><body></body></html>")


def test_the_page_is_kept_at_its_top_before_anything_in_it_can_scroll():
    sealed = seal(page(body="<p>summary</p>"))
    assert 0 < sealed.find(STAY_AT_TOP) < sealed.index("<p>summary</p>")
