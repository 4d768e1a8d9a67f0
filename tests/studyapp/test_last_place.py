"""Several observers at the last place, at the same moment, over HTTP: as many sit as there are places."""

import re
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest

from tests.stack import STACKS, Stack, new_stack

AT_ONCE = 6


@pytest.fixture(scope="module", params=STACKS, ids=[database for database, _ in STACKS])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), *request.param) as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def pk(stack: Stack) -> int:
    made: int = stack.python("""
from tests.studyapp.factories import make_study, make_user
answer = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2).pk
""")
    return made


def prepare(stack: Stack, pk: int, **limits: object) -> str:
    """The study's link, once nobody sits there any more and these limits hold."""
    code: str = stack.python(f"""
from studyapp.models import *
from studyapp.services.invitations import make_invitations
study = Study.objects.get(pk={pk})
study.sessions.update(state="abandoned", person=None, invitation=None)
for name, value in {limits!r}.items():
    setattr(study, name, value)
study.save()
answer = study.code
""")
    return f"{stack.site}/s/{code}/"


class Visitor:
    """Somebody with a browser of their own, who has read the welcome page."""

    def __init__(self, link: str) -> None:
        self.link = link
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        page = self.browser.open(link).read().decode()
        self.form = dict(re.findall(r'name="(csrfmiddlewaretoken|ticket)" value="([^"]+)"', page))

    def begin(self) -> str:
        """What they get: the pairs, or which page instead."""
        answer = self.browser.open(self.link, urlencode({**self.form, "begin": "yes"}).encode())
        page = answer.read().decode()
        found = re.search(r'<main[^>]* id="(\w+)"', page)
        return found[1] if found else "?"


def all_at_once(visitors: list[Visitor]) -> Counter[str]:
    """What they get who press *Begin* together."""
    together, got = threading.Barrier(len(visitors)), []

    def press(visitor: Visitor) -> None:
        together.wait()
        got.append(visitor.begin())

    threads = [threading.Thread(target=press, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(got)


def seated(stack: Stack, pk: int, **having: object) -> int:
    counted: int = stack.python(f"""
from studyapp.models import StudySession
answer = StudySession.objects.filter(study={pk}, state__in=("active", "finished"), **{having!r}).count()
""")
    return counted


def test_of_many_at_the_last_place_one_sits(stack: Stack, pk: int) -> None:
    link = prepare(stack, pk, quota=1)
    assert all_at_once([Visitor(link) for _ in range(AT_ONCE)]) == {"look": 1, "full": AT_ONCE - 1}
    assert seated(stack, pk) == 1


def test_the_last_place_of_a_group(stack: Stack, pk: int) -> None:
    link = prepare(stack, pk, quota=None, group_quotas={"DE": 1, "FR": 1})
    visitors = [Visitor(f"{link}?group={group}") for group in ("DE", "FR") * (AT_ONCE // 2)]
    assert all_at_once(visitors) == {"look": 2, "full": AT_ONCE - 2}
    assert [seated(stack, pk, group=group) for group in ("DE", "FR")] == [1, 1]


def test_one_person_of_a_panel_in_many_windows_sits_once(stack: Stack, pk: int) -> None:
    link = prepare(stack, pk, quota=None, group_quotas={})
    visitors = [Visitor(f"{link}?PROLIFIC_PID=p1") for _ in range(AT_ONCE)]
    assert all_at_once(visitors) == {"look": AT_ONCE}
    assert seated(stack, pk, person="p1") == 1


def test_a_code_for_two_seats_two(stack: Stack, pk: int) -> None:
    link = prepare(stack, pk)
    code = stack.python(f"""
from studyapp.models import Study
from studyapp.services.invitations import make_invitations
answer = make_invitations(Study.objects.get(pk={pk}), 1, sittings=2)[0].code
""")
    got = all_at_once([Visitor(f"{link}?invitation={code}") for _ in range(AT_ONCE)])
    assert got == {"look": 2, "invitation": AT_ONCE - 2}


def test_one_who_comes_back_and_one_who_is_new_at_the_last_place(stack: Stack, pk: int) -> None:
    """Many times over: which of them is first differs, that it is one of them doesn't."""
    for _ in range(5):
        link = prepare(stack, pk, quota=1)
        before, new = Visitor(link), Visitor(link)
        before.begin()
        stack.python(f"""
from datetime import timedelta
from django.utils import timezone
from studyapp.models import Study, StudySession
from studyapp.services.places import abandon_sessions
long_ago = timezone.now() - timedelta(days=1)
StudySession.objects.filter(study={pk}, state="active").update(last_seen_at=long_ago)
answer = abandon_sessions(Study.objects.get(pk={pk}), timezone.now())
""")
        assert all_at_once([before, new]).total() == 2
        assert seated(stack, pk) == 1
