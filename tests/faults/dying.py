"""The web server's program, for a worker that can be told to die between writing a vote and answering for it."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from studyapp.wsgi import application as program

DIE = "X-Fault-Die"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as always; where asked to die, do it when the answer is made and before a byte of it is sent."""
    answer = program(environ, start_response)
    if environ.get("HTTP_X_FAULT_DIE"):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
