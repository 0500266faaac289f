"""Runs one command: flags in, one model built, one use case called, one result out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from promoter.cli import output
from promoter.cli.arguments import Files, named_files, parse
from promoter.cli.commands import Command
from promoter.cli.files import DEFAULT_CONFIGURATION, load_configuration, load_request
from promoter.credentials.redaction import SECRETS
from promoter.errors import Interrupted, PromoterError, WrongUsage
from promoter.http.deadline import Deadline
from promoter.interrupts import install, pause
from promoter.model.duration import seconds
from promoter.model.request import Common, WatchRequest
from promoter.promotion.places import Places


def run(arguments: Sequence[str]) -> int:
    """Run a command line; show its result or its error, and return its exit code."""
    install()
    telling = _Telling(as_json="--json" in arguments)
    code = 0
    try:
        telling.result_file = _ready(named_files(arguments))
        invocation = parse(arguments)
        request = load_request(invocation)
        every = seconds(request.every) if isinstance(request, WatchRequest) and request.every else None
        telling.in_a_line = every is not None
        for result in _results(invocation.command, request, every):
            code = telling.result(result)
    except (PromoterError, Interrupted) as error:
        return telling.failure(error)
    except Exception as error:  # noqa: BLE001 - a traceback must be redacted too
        return telling.failure(_defect(error))
    return code


def _ready(files: Files) -> str | None:
    """Empty the result file, so that one that cannot be written is refused first, and no older one is taken for ours.

    Raises:
        WrongUsage: it cannot be written, or is what is about to be read.

    """
    if files.result is not None:
        for other in (files.request, files.config, DEFAULT_CONFIGURATION):
            if other and Path(files.result).resolve() == Path(other).resolve():
                raise WrongUsage(f"--result would overwrite {other}.", "Name another file for the result.")
        output.write_result(files.result, {})
    return files.result


def _results(command: Command, request: Common, every: float | None) -> Iterator[Any]:
    """Call the use case once; or every so many seconds until a signal comes, each time as if it were the first."""
    configuration, use_case = load_configuration(request.config), command.load()
    while True:
        begun = time.monotonic()
        deadline = Deadline(seconds(request.timeout))
        with closing(Places(configuration, deadline, output.say, verbose=request.verbose)) as places:
            yield use_case(request, places)
        if every is None:
            return
        pause(begun + every - time.monotonic())
        SECRETS.forget()


class _Telling:
    """Tells how it ended: people, programs, and the file for the result.

    Args:
        as_json: show programs a JSON document.

    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.in_a_line = False
        self.result_file: str | None = None

    def result(self, result: Any) -> int:  # noqa: ANN401 - each command has its own
        """Tell the result, and return the exit code that goes with it, or with what could not be shown."""
        if self.result_file is not None:
            output.write_result(self.result_file, result.to_document())
        code: int = getattr(result, "exit_code", 0)
        try:
            output.show(result, as_json=self.as_json, in_a_line=self.in_a_line)
        except PromoterError as unwritten:  # no failure of the command: the result file stays as it is
            _say(unwritten)
            return code or unwritten.exit_code
        return code

    def failure(self, error: PromoterError | Interrupted) -> int:
        """Tell the error, and return its exit code."""
        _say(error)
        document = output.error_document(error)
        if self.as_json:
            with _saying_what_is_not_written():
                output.show_json(document, in_a_line=self.in_a_line)
        if self.result_file is not None:
            with _saying_what_is_not_written():
                output.write_result(self.result_file, document)
        return error.exit_code


@contextmanager
def _saying_what_is_not_written() -> Iterator[None]:
    try:
        yield
    except PromoterError as unwritten:
        _say(unwritten)


def _say(error: PromoterError | Interrupted) -> None:
    output.say(f"{error.kind}: {error.message}\n  {error.remedy}")


def _defect(error: Exception) -> PromoterError:
    import traceback  # noqa: PLC0415 - slow to import, and hopefully never needed

    output.say(traceback.format_exc())
    return PromoterError(
        f"This is a defect of promoter ({type(error).__name__}).", "Please report it, with the lines of its traceback."
    )
