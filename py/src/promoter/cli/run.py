"""Runs one command: flags in, one model built, one use case called, one result out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from promoter.cli import output
from promoter.cli.arguments import Invocation, parse
from promoter.cli.files import load_configuration, load_request
from promoter.errors import Interrupted, PromoterError
from promoter.http.deadline import Deadline
from promoter.interrupts import install
from promoter.model.duration import seconds
from promoter.promotion.places import Places

_UNEXPECTED = 1


def run(arguments: Sequence[str]) -> int:
    """Run a command line; show its result or its error, and return its exit code."""
    install()
    try:
        invocation = parse(arguments)
    except PromoterError as error:
        return _fail(error, None)
    try:
        result = _call(invocation)
        if invocation.result_file:
            output.write_result(invocation.result_file, asdict(result))
        output.show(result, as_json=invocation.json)
    except PromoterError as error:
        return _fail(error, invocation)
    except Interrupted as interrupt:
        output.say("Interrupted. Nothing is half done: run it again, and it goes on from what is there.")
        return interrupt.exit_code
    except Exception:  # noqa: BLE001 - a traceback must be redacted too
        return _fail_unexpectedly()
    return 0


def _call(invocation: Invocation) -> Any:  # noqa: ANN401 - each command has its own result
    request = load_request(invocation)
    deadline = Deadline(seconds(request.timeout))
    places = Places(load_configuration(request.config), deadline, output.say, verbose=request.verbose)
    return invocation.command.load()(request, places)


def _fail(error: PromoterError, invocation: Invocation | None) -> int:
    output.say(f"{error.kind}: {error.message}\n  {error.remedy}")
    document = output.error_document(error)
    if invocation and invocation.json:
        print(output.to_json(document), flush=True)
    if invocation and invocation.result_file:
        output.write_result(invocation.result_file, document)
    return error.exit_code


def _fail_unexpectedly() -> int:
    import traceback  # noqa: PLC0415 - slow to import, and hopefully never needed

    output.say(f"{traceback.format_exc()}\nThis is a defect of promoter; please report it with the lines above.")
    return _UNEXPECTED
