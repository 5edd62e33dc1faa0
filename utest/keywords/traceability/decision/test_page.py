import re
from datetime import date

from keywords.traceability.decision.figures import Figures
from keywords.traceability.decision.measurements import LIMIT
from keywords.traceability.decision.page import write_summary
from keywords.traceability.decision.verdict import Decision
from keywords.traceability.register.criteria import Criterion, Latency, Scores
from utest.keywords.traceability.matrix.runs import FUNCTIONAL, matrix, requirement, result

COMMON = {"run": 7, "model": "m", "began": "2026-11-28 14:05"}
LOAD = {**COMMON, "state": "valid", "why": "", "answered": 100, "failed": 2, "ttft": "0.5 s (0.4 to 0.6)", "e2e": "x"}
SCORE = {**COMMON, "label": "", "state": "", "scorer": "exact-match", "right": "14 of 20 items", "bound": "49 %"}
MEASURES = (
    (1, Latency(of="latency", series="release", metric="ttft", percentile=95, limit="TTFT_P95_S")),
    (2, Scores(of="scores", at_most_days=7, baselines=[{"set": "short-facts", "limit": "FACTS_MIN"}])),
)


def section(tmp_path, name, figures):
    """The text of a section of the page."""
    criteria = tuple(Criterion(id=f"EXIT-{number:03}", title="It is good", measure=one) for number, one in MEASURES)
    limits = {LIMIT + "FACTS_MIN": "0.45"}
    built = matrix([requirement()], [result("PASS", *FUNCTIONAL)], register={"criteria": criteria}, metadata=limits)
    decision = Decision("GO", ("All criteria are met",), (), "")
    project = tmp_path / "project"
    page = write_summary(built, decision, "no history", figures, tmp_path, project=project, today=date(2026, 11, 28))
    html = re.search(rf'<section id="{name}">(.*?)</section>', page.read_text("utf-8"), re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_load_runs_that_the_criteria_judge_stand_before_the_others(tmp_path):
    loads = [{**LOAD, "series": "a row's"}, {**LOAD, "series": "release"}]
    text = section(tmp_path, "levels", Figures(loads=loads))
    release, others = text.split("Other series 1")
    assert "release run 7 m 2026-11-28 14:05 100 2 0.5 s (0.4 to 0.6) x valid" in release
    assert "a row&#39;s run 7" in others


def test_without_a_load_run_of_the_release_the_page_says_how_to_make_one(tmp_path):
    text = section(tmp_path, "levels", Figures(problems=["measurements.db is damaged"]))
    assert "measurements.db is damaged" in text
    assert "qa load --name release --users 2" in text


def test_scores_of_the_tested_model_stand_before_the_others(tmp_path):
    scores = [{**SCORE, "set": "science", "model": "scripted"}, {**SCORE, "set": "short-facts"}]
    own, others = section(tmp_path, "scores", Figures(scores=scores)).split("Other models 1")
    assert "short-facts run 7 m 2026-11-28 14:05 14 of 20 items 49 % 45 % exact-match" in own
    assert "science run 7 scripted" in others


def test_without_a_score_of_the_tested_model_the_page_says_how_to_make_one(tmp_path):
    assert "No evaluation of m is kept: qa eval --all" in section(tmp_path, "scores", Figures())
