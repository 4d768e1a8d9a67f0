"""A small open study, made once for a module's tests."""

import pytest

from studyapp.models import Study
from tests.studyapp.factories import make_study, make_user


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(make_user(), conditions=("original", "auto"), trials_per_session=3)


@pytest.fixture
def study(made: Study) -> Study:
    """Two conditions, four contents, three trials a sitting; each test finds it without sittings."""
    return Study.objects.get(pk=made.pk)
