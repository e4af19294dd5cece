"""The helper process of `study.insight`: a question a line on stdin; on stdout a line of JSON and a body each."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any, BinaryIO

from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.study.insight import work_out
from hpo_widgets.study.study import Study

NICENESS = 5
"""Tasks and cells go first."""


def main() -> None:
    """Answers until stdin ends, which it does with the process that asks."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever an imported library prints is no answer
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    _, folder, study = sys.argv[1:4]
    serve(Study(SqliteStore(folder, create=False), study), questions, answers)


def serve(study: Study, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answers the questions of a stream one by one."""
    for line in questions:
        body, error = _answer(study, json.loads(line))
        answers.write(json.dumps({"size": len(body), "error": error}).encode() + b"\n" + body)
        answers.flush()


def _answer(study: Study, question: dict[str, Any]) -> tuple[bytes, str]:
    try:
        return work_out(study, question), ""
    except Exception as error:  # noqa: BLE001 - whatever it was is shown in place of the figure
        return b"", f"{type(error).__name__}: {error}"
