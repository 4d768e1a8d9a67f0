"""What every test may ask for: real data where it lies, and a true word about what was skipped."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from studyapp.celery import app
from tests.services import described

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nothing-skipped", action="store_true", help="fail where a test is skipped, naming it")


def pytest_report_header(config: pytest.Config) -> list[str]:
    data = "real data: ../shared/data" if SHARED.is_dir() else "real data: no ../shared/data; its tests are skipped"
    return [*described(), data]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and item.config.getoption("--nothing-skipped"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs a GPU is left out where there is none. Files that start whole installations or browsers come first:
    while they wait, other files fill the cores.
    """
    on_gpus = [item for item in items if item.get_closest_marker("gpu")]
    if on_gpus and not _finds_a_gpu():
        config.hook.pytest_deselected(items=on_gpus)
        items[:] = [item for item in items if item not in on_gpus]
    items.sort(key=lambda item: not _waits(item))  # a stable sort: files stay together, and in order


def _finds_a_gpu() -> bool:
    import torch  # only where a test asks

    return torch.cuda.is_available()


def _waits(item: pytest.Item) -> bool:
    starts_one = hasattr(getattr(item, "module", None), "new_stack")  # a doctest has no module
    return starts_one or item.path.parent in (TESTS, TESTS / "browser")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A folder or file of ../shared/data, used in place; the test is skipped by name where it is absent."""

    def find(name: str) -> Path:
        place = SHARED / name
        if not place.exists():
            pytest.skip(f"real data not here: ../shared/data/{name}")
        return place

    return find


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as it runs for users: Django's default for tests, shared memory, locks differently."""
    default = connections["default"]
    if default.vendor == "sqlite":
        default.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: files are named by the hash of their bytes, so the same ones are written once."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session", autouse=True)
def pictures_of_tests(picture_folder: Path) -> Iterator[None]:
    """Store pictures in the tests' own folder."""
    default = settings.STORAGES["default"]
    own = {**default, "OPTIONS": {**default["OPTIONS"], "location": str(picture_folder)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": own}):
        yield


@pytest.fixture(scope="session", autouse=True)
def uploads_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What browsers send waits in the tests' own folder, however full the machine's disk is; so does what learns."""
    uploads, training = (tmp_path_factory.mktemp(name) for name in ("uploads", "training"))
    with override_settings(UPLOAD_DIR=uploads, UPLOAD_SPARE_MB=0, TRAINING_DIR=training):
        yield


@pytest.fixture(scope="module")
def made_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around a module's tests: what fixtures of module scope make in it, every test finds unchanged."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session", autouse=True)
def bells_in_memory() -> None:
    """Jobs are run by the tests themselves; what rings for workers must reach no real broker."""
    app.conf.update(broker_url="memory://", broker_transport_options={})
