"""SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from promoter.errors import Interrupted, NotFound
from promoter.interrupts import deferred_signals, end_of_interruptions, install, interruptions_again, pause

pytestmark = pytest.mark.usefixtures("handlers")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_interruption_with_its_exit_code(number: signal.Signals) -> None:
    install()
    with pytest.raises(Interrupted) as caught:
        signal.raise_signal(number)
    assert caught.value.exit_code == 128 + number


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_until_the_block_is_over(number: signal.Signals) -> None:
    install()
    steps = []

    def block() -> None:
        with deferred_signals():
            signal.raise_signal(number)
            steps.append("after the signal")

    with pytest.raises(Interrupted):
        block()
    assert steps == ["after the signal"]


def test_a_signal_is_an_interruption_even_if_the_block_fails() -> None:
    install()

    def block() -> None:
        with deferred_signals():
            signal.raise_signal(signal.SIGTERM)
            raise NotFound("what happened", "what to do")

    with pytest.raises(Interrupted) as caught:
        block()
    assert isinstance(caught.value.__context__, NotFound)


def test_a_block_inside_another_lets_nothing_through() -> None:
    install()
    steps = []

    def block() -> None:
        with deferred_signals():
            with deferred_signals():
                signal.raise_signal(signal.SIGTERM)
            steps.append("after the inner block")

    with pytest.raises(Interrupted):
        block()
    assert steps == ["after the inner block"]


def test_signals_are_not_held_back_any_more_afterwards() -> None:
    install()
    with deferred_signals():
        pass
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_came_too_late_is_forgotten() -> None:
    install()
    with deferred_signals():
        signal.raise_signal(signal.SIGTERM)
        end_of_interruptions()
    signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_came_too_late_for_one_thing_is_in_time_for_the_next() -> None:
    install()
    with deferred_signals():
        end_of_interruptions()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        interruptions_again()
    assert caught.value.exit_code == 143


def test_signals_interrupt_again() -> None:
    install()
    end_of_interruptions()
    interruptions_again()
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("seconds", [0.05, 0, -1])
def test_a_pause_is_over_in_time(seconds: float) -> None:
    begun = time.monotonic()
    pause(seconds)
    assert max(0, seconds) <= time.monotonic() - begun < 30


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_pause_whichever_thread_it_is_given_to(number: signal.Signals) -> None:
    install()
    begun = threading.Event()

    def kill_itself() -> None:
        begun.wait()
        signal.pthread_kill(threading.get_ident(), number)

    thread = threading.Thread(target=kill_itself)
    thread.start()
    at = time.monotonic()
    with pytest.raises(Interrupted):
        begin_and_pause(begun)
    thread.join()
    assert time.monotonic() - at < 30


def begin_and_pause(begun: threading.Event) -> None:
    begun.set()
    pause(60)


def test_a_second_signal_does_not_disturb_the_way_out() -> None:
    install()
    steps = []

    def block() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            steps.append("cleaned up")

    with pytest.raises(Interrupted):
        block()
    assert steps == ["cleaned up"]


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    install()
    signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
