"""The house stands as it was drawn: who may import whom, what a web process loads, what the tree holds."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[1]


def test_nobody_imports_upstairs() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_web_process_starts_without_torch_or_what_makes_a_report() -> None:
    code = (
        "import sys; from studyapp.wsgi import application; from django.urls import get_resolver; "
        "from django.contrib import admin; get_resolver().url_patterns; admin.site.get_urls(); "
        "loaded = {'torch', 'onnxruntime', 'pandas', 'pyarrow', 'matplotlib', 'scipy.stats'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_recipe_is_checked_without_torch() -> None:
    code = (
        "import sys, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'studyapp.settings'; import django; django.setup(); "
        "from enhancement.services.training import recipe_from; "
        'recipe_from(\'name="a"\\npatches="b"\\nlosses.pixel=1\\nnetwork.architecture="dong"\'); '
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_plan_waits_for_nothing_that_only_reports_need() -> None:
    code = (
        "import sys, studyapp.simulation.outlook, analysis.planning; "
        "loaded = {'pandas', 'scipy.stats', 'matplotlib'} & set(sys.modules); assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "package",
    [
        "analysis.reporting.report",
        "enhancement.nn.networks.generator",
        "studyapp.design.schedule",
        "studyapp.design.derivation",
        "studyapp.simulation.rehearsal",
    ],
)
def test_a_notebook_needs_no_framework(package: str) -> None:
    code = f"import sys, {package}; loaded = {{'django', 'celery'}} & set(sys.modules); assert not loaded, loaded"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_the_migrations_are_those_of_the_models() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_nothing_is_named_after_what_it_is_not() -> None:
    banned = {"utils", "helpers", "common", "core", "base", "manager"}
    named = [
        path for package in ("analysis", "enhancement", "studyapp") for path in (ROOT / package).rglob("*.py")
        if banned & set(path.relative_to(ROOT).with_suffix("").parts)
    ]  # fmt: skip
    assert not named
