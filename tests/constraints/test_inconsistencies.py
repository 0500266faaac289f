"""The annotation's value, and what the codes mean."""

from __future__ import annotations

import json

import pytest
import yaml

from promoter.errors import WrongUsage
from promoter.model.inconsistency import (
    CONFIG_MAP,
    LARGEST,
    MESSAGES,
    Inconsistencies,
    explained,
    read_inconsistencies,
    union,
    written,
)
from tests.support.repository import ROOT


@pytest.mark.statement("C14")
@pytest.mark.parametrize(
    "value",
    [
        '{"web":["i12","i1"],"tests":["a2"]}',
        "{ 'tests': [ 'a2' ], 'web': [ 'i1', 'i12' ] }",
        "tests: [a2]\nweb: [i1, i12]\n",
        '{"web": ["i1", "i12", "i1", " "], "tests": ["a2"], "base": []}',
    ],
)
def test_components_have_codes(value: str) -> None:
    assert read_inconsistencies(value, "tests") == {"tests": ("a2",), "web": ("i1", "i12")}


@pytest.mark.statement("C17")
@pytest.mark.parametrize("value", ['["a differs","b, too"]', "['b, too', a differs]"])
def test_messages_are_about_the_tags_own_component(value: str) -> None:
    assert read_inconsistencies(value, "web") == {"web": ("a differs", "b, too")}


@pytest.mark.parametrize(
    "value",
    ["differs", '{"web": "i1"}', '{"web": [["i1"]]}', '{"web": [1]}', "7", "null", "{web: [i1]", "[" * 100_000],
)
def test_what_makes_no_sense_is_a_message_all_the_same(value: str) -> None:
    assert read_inconsistencies(value, "web") == {"web": (value,)}


@pytest.mark.parametrize("value", ["", " ", "[]", "{}", '{"web": []}'])
def test_nothing_inconsistent(value: str) -> None:
    assert read_inconsistencies(value, "web") == {}


def test_aliases_cannot_make_much_of_little() -> None:
    codes = ", ".join(f"i{number}" for number in range(5000))
    value = f"a: &codes [{codes}]\n" + "".join(f"c{number}: *codes\n" for number in range(5000))
    assert read_inconsistencies(value, "web") == {"web": (value.strip(),)}


@pytest.mark.statement("C15")
def test_in_the_union_components_keep_their_own_codes() -> None:
    tests: Inconsistencies = {"tests": ("a12", "a1")}
    assert union(tests, {"machine-os-content": ("a2",)}, {"tests": ("a3", "a1")}, {}) == {
        "machine-os-content": ("a2",),
        "tests": ("a1", "a12", "a3"),
    }


def test_it_is_written_the_same_for_the_same() -> None:
    value = written({"web": ("i12", "i1"), "base": (), "api": ("i2",)})
    assert value == '{"api":["i2"],"web":["i1","i12"]}'
    assert written(read_inconsistencies(value, "web")) == value


def test_hundreds_of_components_fit_and_too_much_does_not() -> None:
    codes = ("i1", "i2", "i3", "i12")
    assert len(written({f"ose-a-component-{number}": codes for number in range(1000)})) < LARGEST
    with pytest.raises(WrongUsage, match=f"an annotation may have {LARGEST}"):
        written({"web": ("x" * LARGEST,)})


@pytest.mark.statement("C16")
def test_an_unknown_code_is_its_own_message() -> None:
    known, unknown = explained({"web": ("i1", "x9")}, {"i1": "differs"})
    assert (known.message, str(known)) == ("differs", "web: i1 (differs)")
    assert (unknown.message, str(unknown)) == ("x9", "web: x9")


def test_the_shipped_config_map_says_what_we_say() -> None:
    document = yaml.safe_load((ROOT / "resources/openshift/inconsistencies.yaml").read_text())
    assert (document["kind"], document["metadata"]["name"]) == ("ConfigMap", CONFIG_MAP)
    assert json.loads(json.dumps(document["data"])) == MESSAGES
