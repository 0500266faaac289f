"""Runs one command: flags in, one model built, one use case called, one result out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promoter.cli import output
from promoter.cli.arguments import Invocation, parse
from promoter.cli.files import DEFAULT_CONFIGURATION, load_configuration, load_request
from promoter.errors import Interrupted, PromoterError, WrongUsage
from promoter.http.deadline import Deadline
from promoter.interrupts import install
from promoter.model.duration import seconds
from promoter.promotion.places import Places


def run(arguments: Sequence[str]) -> int:
    """Run a command line; show its result or its error, and return its exit code."""
    install()
    as_json, result_file = "--json" in arguments, None
    try:
        invocation = parse(arguments)
        result_file = _ready(invocation)
        result = _call(invocation)
        if result_file:
            output.write_result(result_file, result.to_dict())
        output.show(result, as_json=as_json)
    except (PromoterError, Interrupted) as error:
        return _fail(error, as_json, result_file)
    except Exception as error:  # noqa: BLE001 - a traceback must be redacted too
        return _fail(_defect(error), as_json, result_file)
    return 0


def _ready(invocation: Invocation) -> str | None:
    """Empty the result file, so that one that cannot be written is refused first, and no older one is taken for ours.

    Raises:
        WrongUsage: it cannot be written, or is what is about to be read.

    """
    path = invocation.result_file
    if path:
        config = invocation.request.config if invocation.request else None
        for other in (invocation.request_file, config, DEFAULT_CONFIGURATION):
            if other and Path(path).resolve() == Path(other).resolve():
                raise WrongUsage(f"--result would overwrite {other}.", "Name another file for the result.")
        output.write_result(path, {})
    return path


def _call(invocation: Invocation) -> Any:  # noqa: ANN401 - each command has its own result
    request = load_request(invocation)
    deadline = Deadline(seconds(request.timeout))
    places = Places(load_configuration(request.config), deadline, output.say, verbose=request.verbose)
    return invocation.command.load()(request, places)


def _fail(error: PromoterError | Interrupted, as_json: bool, result_file: str | None) -> int:
    _say(error)
    document = output.error_document(error)
    if as_json:
        output.show_json(document)
    if result_file:
        try:
            output.write_result(result_file, document)
        except PromoterError as unwritten:
            _say(unwritten)
    return error.exit_code


def _say(error: PromoterError | Interrupted) -> None:
    output.say(f"{error.kind}: {error.message}\n  {error.remedy}")


def _defect(error: Exception) -> PromoterError:
    import traceback  # noqa: PLC0415 - slow to import, and hopefully never needed

    output.say(traceback.format_exc())
    return PromoterError(
        f"This is a defect of promoter ({type(error).__name__}).", "Please report it, with the lines of its traceback."
    )
