"""How a study finds its observers, as its file says it: the same tables, checks and study as by the page."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from enhancement.models import Job
from studyapp.definition import StudyProblemError, define
from studyapp.models import Panel, PanelReturn, Study
from studyapp.recruiting import KEYS, OF_STUDY, PANEL_KEYS, RETURN_KEYS
from studyapp.services.definitions import as_toml, definition_of
from studyapp.services.panels import way_back
from studyapp.services.recruiting import recruiting_of, set_recruiting
from studyapp.services.studies import create_study
from tests.studyapp.factories import make_method, make_testset, make_user

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db

STUDY = """
name = "Pets"
testset = "tiny"
[conditions]
original = "original"
better = "auto"
[design]
trials_per_session = 4
"""
WHOLE = """
[recruiting]
quota = 120
invited_only = true
lab_networks = ["192.0.2.0/24", "2001:db8::7"]
keep_device_days = 90
[recruiting.group_quotas]
DE = 50
others = 0
[recruiting.panel]
kind = "other"
parameters = ["uid", "lang"]
person_parameter = "uid"
group_parameter = "lang"
return_url = "https://panel.example/end?status={outcome}&id={uid}"
[recruiting.panel.outcomes]
completed = { code = "DONE", url = "https://panel.example/done?c={code}" }
quota_full = { code = "FULL" }
"""
Made = Callable[[str], Study]


@pytest.fixture
def made() -> Made:
    make_testset()
    for kind in ("original", "auto"):
        make_method(kind)
    owner = make_user()
    return lambda recruiting: create_study(define(tomllib.loads(STUDY + recruiting), "study.toml"), owner)


def panel_of(study: Study) -> dict[str, Any]:
    panel = Panel.objects.get(study=study)
    returns = {one.outcome: (one.code, one.url) for one in panel.returns.all()}
    return {name: getattr(panel, name) for name in PANEL_KEYS if name != "outcomes"} | {"outcomes": returns}


def columns_of(study: Study) -> dict[str, Any]:
    return Study.objects.values(*OF_STUDY).get(pk=study.pk)


def test_it_works(made: Made) -> None:
    study = made(WHOLE)
    assert columns_of(study) == {
        "quota": 120,
        "group_quotas": {"DE": 50, "others": 0},
        "invited_only": True,
        "lab_networks": ["192.0.2.0/24", "2001:db8::7"],
        "keep_device_days": 90,
    }
    assert panel_of(study) == {
        "kind": "other",
        "parameters": ["uid", "lang"],
        "person_parameter": "uid",
        "group_parameter": "lang",
        "return_url": "https://panel.example/end?status={outcome}&id={uid}",
        "outcomes": {"completed": ("DONE", "https://panel.example/done?c={code}"), "quota_full": ("FULL", "")},
    }


def test_without_it_nothing_is_limited(made: Made) -> None:
    study = made("")
    usual = Study()
    assert columns_of(study) == {name: getattr(usual, name) for name in OF_STUDY}
    assert not Panel.objects.exists()
    assert recruiting_of(study) == {}


def test_prolific_is_known(made: Made) -> None:
    study = made('[recruiting.panel]\nkind = "prolific"\noutcomes.completed.code = "DONE"')
    assert panel_of(study) == {
        "kind": "prolific",
        "parameters": ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"],
        "person_parameter": "PROLIFIC_PID",
        "group_parameter": "group",
        "return_url": "https://app.prolific.com/submissions/complete?cc={code}",
        "outcomes": {"completed": ("DONE", "")},
    }
    assert way_back(study, "completed", told={}).url.endswith("complete?cc=DONE")


def test_the_documented_file_names_every_key(made: Made) -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    table = tomllib.loads(page[page.index("[recruiting]") : page.index("[completion]")])["recruiting"]
    panel = table["panel"]
    assert (set(table), set(panel)) == (set(KEYS), set(PANEL_KEYS))
    assert {key for of in panel["outcomes"].values() for key in of} == set(RETURN_KEYS)
    assert recruiting_of(made(as_toml({"recruiting": table})))["panel"]["outcomes"]["completed"]["code"] == "C0FFEE"
    described = (ROOT / "docs" / "recruiting.md").read_text().partition("## In the study file")[2]
    keys = (*KEYS, *PANEL_KEYS, *RETURN_KEYS, *PanelReturn.Outcome)
    assert [key for key in keys if not re.search(rf"\b{key}\]?`", described)] == []


def test_others_is_others_however_it_is_written(made: Made) -> None:
    assert made("[recruiting.group_quotas]\nOthers = 3").group_quotas == {"others": 3}


@pytest.mark.parametrize("table", [WHOLE, '[recruiting.panel]\nkind = "prolific"\ngroup_parameter = ""'])
def test_what_is_read_back_is_the_same(made: Made, table: str) -> None:
    study = made(table)
    told = recruiting_of(study)
    again = made_of(study, told)
    assert (columns_of(again), panel_of(again)) == (columns_of(study), panel_of(study))
    assert tomllib.loads(as_toml({"recruiting": told}))["recruiting"] == told


def made_of(study: Study, recruiting: Mapping[str, Any]) -> Study:
    """Another study, of the definition of the first and a table of its own."""
    told = {**definition_of(study), "name": "Again", "recruiting": recruiting}
    return create_study(define(tomllib.loads(as_toml(told)), "study.toml"), study.owner)


def test_a_reviewer_s_study_recruits_so_too_but_pays_nobody(made: Made) -> None:
    study = made(WHOLE)
    told = definition_of(study)["recruiting"]
    again = made_of(study, told)
    assert columns_of(again) == columns_of(study)
    assert panel_of(again) == {**panel_of(study), "return_url": "", "outcomes": {}}
    assert definition_of(again)["recruiting"] == told
    assert [word for word in ("DONE", "FULL", "panel.example") if word in as_toml(definition_of(study))] == []


def test_the_page_shows_it_and_saves_it_unchanged(made: Made) -> None:
    study = made(WHOLE)
    before = (columns_of(study), panel_of(study))
    client = Client()
    client.force_login(study.owner)
    form = client.get(f"/studies/{study.pk}/recruiting/").context["form"]
    sent = {name: value for name, value in form.initial.items() if value not in (None, False)}
    assert client.post(f"/studies/{study.pk}/recruiting/", sent).status_code == 302
    assert (columns_of(study), panel_of(study)) == before


def test_what_is_said_anew_takes_the_place_of_all_of_it(made: Made) -> None:
    study = made(WHOLE)
    set_recruiting(study, {"quota": 3})
    assert recruiting_of(Study.objects.get()) == {"quota": 3}
    assert not PanelReturn.objects.exists()


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("recruiting = 3", "recruiting must be a dict, not 3"),
        ("[recruiting]\nqota = 3", "[recruiting] 'qota' is not known; known are quota, group_quotas"),
        ("[recruiting]\nquota = 3.5", "[recruiting] quota must be a whole number from 0, not 3.5"),
        ("[recruiting]\nquota = 0", "[recruiting] quota: It must be from 1 to 1000000, not 0"),
        ("[recruiting]\nquota = true", "[recruiting] quota must be a whole number from 0, not True"),
        ("[recruiting]\nkeep_device_days = 36501", "[recruiting] keep_device_days: It must be from 1 to 36500"),
        ('[recruiting]\ninvited_only = "yes"', "[recruiting] invited_only must be true or false, not 'yes'"),
        ('[recruiting]\nlab_networks = "192.0.2.7"', "[recruiting] lab_networks must be a list of texts"),
        ('[recruiting]\nlab_networks = ["0.0.0.0/0"]', "[recruiting] lab_networks: 0.0.0.0/0 is too many addresses"),
        ('[recruiting]\nlab_networks = ["here"]', "[recruiting] lab_networks: here is no address: write 192.0.2.7"),
        ('[recruiting]\ngroup_quotas = ["DE"]', "[recruiting] group_quotas must be a table, not ['DE']"),
        ('[recruiting.group_quotas]\nDE = "5"', "[recruiting.group_quotas] DE must be a whole number from 0, not '5'"),
        ("[recruiting.group_quotas]\nDE = -1", "[recruiting.group_quotas] DE must be a whole number from 0, not -1"),
        ("[recruiting.group_quotas]\nDE = 1\nde = 2", "[recruiting] group_quotas: de stands there twice"),
        ('[recruiting.group_quotas]\n" DE" = 1', "[recruiting] group_quotas: ' DE' can't be a group"),
        ('[recruiting.group_quotas]\n"D\\u0000" = 1', "can't be a group"),
        ("[recruiting]\npanel = 1", "[recruiting] panel must be a table, not 1"),
        ("[recruiting.panel]", "[recruiting] panel.kind: It must be one of prolific, other"),
        ('[recruiting.panel]\nkind = "mturk"', "[recruiting] panel.kind: It must be one of prolific, other"),
        ('[recruiting.panel]\nkinds = "other"', "[recruiting.panel] 'kinds' is not known; known are kind, parameters"),
        ('[recruiting.panel]\nkind = "other"\nparameters = "uid"', "[recruiting.panel] parameters must be a list"),
        ('[recruiting.panel]\nkind = "other"\nparameters = ["a,b"]', "panel.parameters: 'a,b' can't be a parameter"),
        (
            '[recruiting.panel]\nkind = "other"\nperson_parameter = "uid"',
            "[recruiting] panel.person_parameter: It must be one of the parameters that are kept",
        ),
        (
            '[recruiting.panel]\nkind = "prolific"\nparameters = ["uid"]',
            "[recruiting] panel.parameters: Prolific’s are known: leave it out",
        ),
        (
            '[recruiting.panel]\nkind = "other"\nreturn_url = "https://panel.example/{uid}"',
            "[recruiting] panel.return_url: {uid} is none of the fields",
        ),
        (
            '[recruiting.panel]\nkind = "other"\noutcomes.done.code = "X"',
            "[recruiting.panel.outcomes] 'done' is not known; known are completed, screened_out",
        ),
        (
            '[recruiting.panel]\nkind = "other"\noutcomes.completed = "X"',
            "[recruiting.panel.outcomes] completed must be a table, not 'X'",
        ),
        (
            '[recruiting.panel]\nkind = "other"\noutcomes.completed.codes = "X"',
            "[recruiting.panel.outcomes.completed] 'codes' is not known; known are code, url",
        ),
        (
            '[recruiting.panel]\nkind = "other"\noutcomes.completed.url = "ftp://x/"',
            "[recruiting] panel.outcomes.completed.url: An address begins with https://",
        ),
        (
            '[recruiting.panel]\nkind = "other"\noutcomes.completed.code = "a\\u0000b"',
            "[recruiting] panel.outcomes.completed.code: It must be one line",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_key_and_nothing_is_made(made: Made, table: str, problem: str) -> None:
    before, _, tables = STUDY.partition("[conditions]")
    whole = f"{before}{table}\n[conditions]{tables}"
    with pytest.raises(StudyProblemError) as wrong:
        create_study(define(tomllib.loads(whole), "study.toml"), make_user("bea"))
    assert all(line.startswith("study.toml: ") for line in wrong.value.problems)
    assert problem in str(wrong.value)
    assert not Study.objects.exists()
    assert not Panel.objects.exists()
    assert not Job.objects.exists()


def test_everything_wrong_is_said_at_once(made: Made) -> None:
    with pytest.raises(StudyProblemError) as wrong:
        made('[recruiting]\nquota = 0\nlab_networks = ["here"]\n[recruiting.panel]\nkind = "mturk"')
    assert len(wrong.value.problems) == 3
