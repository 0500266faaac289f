"""The names under which applications sign off: they become part of a tag."""

from __future__ import annotations

import pytest

from promoter.errors import WrongUsage
from promoter.model.gates import checked_application
from promoter.model.reference import checked_tag
from promoter.promotion.sign_offs.reading import sign_off_tag

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize("name", ["a", "billing", "billing-2.0_web", "7", "a" * 47])
def test_each_name_makes_a_tag(name: str) -> None:
    assert checked_application(name) == name
    assert checked_tag(sign_off_tag(DIGEST, name)).endswith(f".sign-off-{name}")


@pytest.mark.parametrize(
    "name",
    ["", "Billing", "bil ling", "shop/billing", "-billing", "billing.", "bil--ling", "../x", "a\n", "ä", "a" * 48],
)
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(WrongUsage, match="application's name") as refusal:
        checked_application(name)
    assert repr(name) in refusal.value.message
