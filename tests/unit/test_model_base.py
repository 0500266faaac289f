"""What models are made of."""

from __future__ import annotations

from typing import Any

import pytest

from promoter.model.base import Model, option, required


class Animal(Model):
    """An animal."""

    name: str = required("what it is called")
    legs: int = option("how many", default=4, metavar="NUMBER")


class Dog(Animal):
    """A dog, which has a friend."""

    sound: str = "woof"
    friends: tuple[Animal, ...] = ()


class Cat(Animal):
    """A cat, with the same fields as any animal."""


REX = Dog(name="Rex", friends=(Cat(name="Tom", legs=3),))


def test_values_are_those_given_or_those_of_the_class() -> None:
    assert (REX.name, REX.legs, REX.sound, REX.friends[0].legs) == ("Rex", 4, "woof", 3)


def test_fields_are_in_order_those_of_the_base_first() -> None:
    assert list(Dog.fields) == ["name", "legs", "sound", "friends"]
    assert list(Animal.fields) == ["name", "legs"]


def test_a_field_knows_what_it_is_about() -> None:
    name, legs = Animal.fields.values()
    assert (name.is_required, name.about, name.annotation) == (True, "what it is called", "str")
    assert (legs.is_required, legs.about, legs.metavar, legs.default) == (False, "how many", "NUMBER", 4)


def test_what_must_be_given_must() -> None:
    given: dict[str, Any] = {"legs": 4}
    with pytest.raises(TypeError, match="Animal lacks name"):
        Animal(**given)


def test_what_is_not_there_cannot_be_given() -> None:
    given: dict[str, Any] = {"name": "Tom", "tail": True, "age": 3}
    with pytest.raises(TypeError, match="Animal has no age, tail"):
        Animal(**given)


def test_a_model_stays_as_it_was_made() -> None:
    with pytest.raises(AttributeError, match="Dog stays as it was made"):
        setattr(REX, "name", "Max")  # noqa: B010 - mypy sees the plain assignment's mistake too
    assert REX.name == "Rex"


def test_models_are_equal_if_class_and_values_are() -> None:
    assert Cat(name="Tom") == Cat(name="Tom", legs=4)
    assert hash(Cat(name="Tom")) == hash(Cat(name="Tom", legs=4))
    assert Cat(name="Tom") != Cat(name="Tom", legs=3)
    assert Cat(name="Tom") != Animal(name="Tom")


def test_a_model_shows_its_values() -> None:
    assert repr(Cat(name="Tom")) == "Cat(name='Tom', legs=4)"


def test_the_same_with_another_value() -> None:
    assert REX.but(legs=3) == Dog(name="Rex", legs=3, friends=REX.friends)
    assert REX.legs == 4


def test_a_model_as_plain_values() -> None:
    assert REX.to_dict() == {"name": "Rex", "legs": 4, "sound": "woof", "friends": [{"name": "Tom", "legs": 3}]}
