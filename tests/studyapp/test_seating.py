"""What taking a seat costs."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.studyapp.factories import make_study, make_user, sit


@pytest.mark.django_db
@pytest.mark.parametrize("contents", [2, 5])
def test_queries_do_not_grow_with_contents(
    contents: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    study = make_study(make_user(), contents=contents)
    with django_assert_max_num_queries(21):
        sit(study)
