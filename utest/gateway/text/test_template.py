"""A template reads nothing but its variables, and stays within its limits."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.text.template import (
    TEXT_LIMIT,
    BadTemplateError,
    MissingVariableError,
    SafeTemplate,
    TemplateLimitError,
    UnfitVariablesError,
)

GOOD = {
    "a variable": ("Hello {{ name }}!", {"name": "Ada"}, "Hello Ada!"),
    "a default": ("{{ tone|default('kind') }}", {}, "kind"),
    "an optional one": ("{% if tone is defined %}{{ tone }}{% endif %}.", {}, "."),
    "a loop": ("{% for x in xs %}{{ loop.index }}{{ x|upper }} {% endfor %}", {"xs": ["a", "b"]}, "1A 2B "),
    "a range": ("{% for i in range(n) %}{{ i }}{% endfor %}", {"n": 3}, "012"),
    "joined": ("{{ xs|join(', ') ~ '.' }}", {"xs": ["a", 1]}, "a, 1."),
    "sorted, each once": ("{{ xs|unique|sort|join }}", {"xs": ["b", "a", "b"]}, "ab"),
    "as JSON, not for HTML": ("{{ x|tojson }}", {"x": ["<a>", "é"]}, '["<a>","é"]'),
    "numbers": ("{{ (n + 1) * 2 % 5 }}", {"n": 3}, "3"),
    "nothing of HTML is escaped": ("{{ x }}", {"x": "<&>"}, "<&>"),
    "blocks leave no lines": ("a\n  {% if true %}\nb\n  {% endif %}\nc", {}, "a\nb\nc"),
}


@pytest.mark.parametrize(("source", "variables", "text"), GOOD.values(), ids=GOOD)
def test_a_template_is_filled(source, variables, text):
    assert SafeTemplate(source).fill(variables) == text


@given(st.text())
def test_a_variable_is_data(text):
    assert SafeTemplate("<{{ x }}>").fill({"x": text}) == f"<{text}>"


@pytest.mark.parametrize("text", ["{{ 7*7 }}", "{% for i in range(9) %}", "{{ ''.__class__ }}", "{# x #}", "{{"])
def test_a_variable_that_looks_like_a_template_is_none(text):
    assert SafeTemplate("{{ x }}{% for y in [x] %}{{ y|trim }}{% endfor %}").fill({"x": text}) == text * 2


def test_the_variables_are_listed_and_a_missing_one_is_named():
    template = SafeTemplate("{{ a }}{% if b %}{{ c }}{% endif %}{% set d = 1 %}{{ d }}{{ range(1)|length }}")
    assert template.variables == {"a", "b", "c"}
    with pytest.raises(MissingVariableError) as missing:
        template.fill({"a": "x", "b": True})
    assert missing.value.name == "c"


BAD = {
    "no template": ("{{ x", "line 1: "),
    "the second line": ("a\n{% if %}", "line 2: "),
    "a hidden attribute": ("{{ ''.__class__.__mro__ }}", "'__mro__' is not allowed"),
    "a hidden attribute by a filter": ("{{ ''|attr('__class__') }}", "No filter named 'attr'"),
    "a method": ("{{ 'a'.join(xs) }}", "nothing can be called but range"),
    "a call of what is called": ("{{ range(1)(2) }}", "nothing can be called but range"),
    "a global": ("{{ lipsum(99) }}", "nothing can be called but range"),
    "a long text by a filter": ("{{ ''|center(9) }}", "No filter named 'center'"),
    "a file": ("{% include '/etc/passwd' %}", "'include' is not allowed"),
    "another template": ("{% extends 'x' %}", "'extends' is not allowed"),
    "an import": ("{% from 'x' import y %}", "'import' is not allowed"),
    "a macro": ("{% macro f() %}{{ f() }}{% endmacro %}", "'macro' is not allowed"),
    "a recursive loop": ("{% for x in xs recursive %}{% endfor %}", "'recursive' is not allowed"),
    "a power": ("{{ 9**9**9 }}", "'**' is not allowed"),
    "too deep": ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nests too deep; flatten it"),
    "too long": ("x" * 70_000, "is longer than 65536 characters; shorten it"),
}


@pytest.mark.parametrize(("source", "message"), BAD.values(), ids=BAD)
def test_a_bad_template_is_refused_with_the_reason_and_the_remedy(source, message):
    with pytest.raises(BadTemplateError) as refused:
        SafeTemplate(source)
    assert message in str(refused.value)
    assert "; " in str(refused.value)


TOO_MUCH = {
    "a huge range": ("{% for i in range(10000000000) %}{% endfor %}", {}),
    "a range beyond 64 bits": ("{% for i in range(n) %}{% endfor %}", {"n": 10**30}),
    "loops in loops": ("{% for i in range(999) %}" * 9 + "{% endfor %}" * 9, {}),
    "loops without output": (
        "{% for i in range(9999) %}{% for j in range(9) %}{% set k = j %}{% endfor %}{% endfor %}",
        {},
    ),
    "a loop within a block": (
        "{% set x %}" + "{% for i in range(999) %}" * 3 + "{% endfor %}" * 3 + "{% endset %}",
        {},
    ),
    "slow rounds": (
        "{% for i in range(9999) %}{% if x|upper|lower|title == '' %}{% endif %}{% endfor %}",
        {"x": "ab " * 80_000},
    ),
    "a text many times": ("{{ 'x' * n }}", {"n": 10**12}),
    "a list many times": ("{{ [1] * 1000000000000 }}", {}),
    "doubled by +": ("{% set a = 'aaaa' %}" + "{% set a = a + a %}" * 60, {}),
    "doubled by ~": ("{% set a = 'aaaa' %}" + "{% set a = a ~ a %}" * 60, {}),
    "squared": ("{% set a = 99 %}" + "{% set a = a * a %}" * 60, {}),
    "joined": ("{{ xs|join(x) }}", {"xs": ["a"] * 9999, "x": "b" * 99_999}),
    "many pieces": ("{% for i in range(9999) %}{{ x }}{% endfor %}", {"x": "b" * 999}),
}


@pytest.mark.parametrize(("source", "variables"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_template_that_exceeds_a_limit_is_stopped_soon(source, variables):
    template = SafeTemplate(source)
    began = time.thread_time()
    with pytest.raises(TemplateLimitError):
        template.fill(variables)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "use", ["x", "x|upper", "x|join", "x|sort", "x|unique", "x|tojson", "x ~ 1", "x + 1", "x[0]", "x.y"]
)
def test_however_it_is_used_a_missing_variable_is_named(use):
    with pytest.raises(MissingVariableError) as missing:
        SafeTemplate(f"{{{{ {use} }}}}").fill({})
    assert missing.value.name == "x"


def test_a_text_of_the_maximum_length_is_allowed():
    assert len(SafeTemplate("{{ x }}").fill({"x": "a" * TEXT_LIMIT})) == TEXT_LIMIT


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("{{ a + b }}", {"a": "x", "b": 1}),
        ("{{ 1 / a }}", {"a": 0}),
        ("{{ '%99999999d' % a }}", {"a": 1}),
        ("{{ a.name }}", {"a": "x"}),
        ("{{ a[0] }}", {"a": []}),
        ("{{ a['__class__'] }}", {"a": "x"}),
        ("{{ a[b] }}", {"a": "x", "b": "__class__"}),
        ("{{ a|sort }}", {"a": ["x", 1]}),
        ("{{ 'a longer text'|truncate(n) }}", {"n": 1}),
        ("{{ 'a longer text'|truncate(n) }}", {"n": 0}),
        ("{{ 'a longer text'|truncate(n) }}", {"n": -5}),
        ("{{ 'a longer text'|truncate(n) }}", {"n": "x"}),
        ("{{ 'a longer text'|truncate(9, end=e) }}", {"e": "a very long end"}),
        ("{{ 'a longer text'|truncate(9, leeway=n) }}", {"n": -1}),
        ("{{ a|trim(n) }}", {"a": "x", "n": 1}),
        ("{{ a|first }}", {"a": 1}),
        ("{{ a|join(s) }}", {"a": ["x", "y"], "s": 1}),
        ("{{ a|count }}", {"a": 1}),
        ("{{ a|sort }}", {"a": "text"}),
        ("{% for x in a %}{% endfor %}", {"a": 1}),
    ],
)
def test_unfit_variables_are_refused_with_a_reason(source, variables):
    with pytest.raises(UnfitVariablesError, match=r"\w"):
        SafeTemplate(source).fill(variables)
