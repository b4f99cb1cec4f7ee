"""How a command line ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streamkit.errors import BadInputError, ExitCode
from streamkit.program import run_program


def fails(problem: BaseException) -> Callable[[], object]:
    def app() -> object:
        raise problem

    return app


def test_failure_is_its_sentence_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_program(fails(BadInputError("fps is 'fast'; use a number.")))
    assert ended.value.code == ExitCode.BAD_INPUT
    assert capsys.readouterr() == ("", "fps is 'fast'; use a number.\n")


def test_reader_that_left_is_no_failure() -> None:
    with pytest.raises(SystemExit) as ended:
        run_program(fails(BrokenPipeError()))
    assert ended.value.code == ExitCode.OK


def test_other_failures_keep_their_trace() -> None:
    with pytest.raises(ZeroDivisionError):
        run_program(fails(ZeroDivisionError()))
