"""One image, from one place to another."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.images import make_image
from tests.support.promoter import Promoter
from tests.support.shop import KINDS, PLATFORMS, Shop, make
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService


@pytest.mark.usefixtures("engine")
@pytest.mark.statement("F11", "R2", "P1", "P5", "W2")
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_arrives_byte_for_byte(kind: str, shop: Shop) -> None:
    image = make(kind, shop.name)
    shop.stage.push(image)

    result = shop.promote().result

    there = shop.prod.resolve()
    assert there
    assert (there.digest, there.media_type, there.content) == (image.digest, image.media_type, image.content)
    assert all(shop.prod.resolve(child.digest) for child in image.children)
    assert (result["status"], result["digest"], result["previous_digest"]) == ("promoted", image.digest, None)
    assert tuple(result["platforms"]) == (PLATFORMS if image.children else PLATFORMS[:1])


@pytest.mark.statement("R2", "R5", "W2", "P5")
def test_no_configuration_is_needed(
    shop: Shop, promoter: Promoter, ca: CertificateAuthority, puller: str, tmp_path: Path
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    auth = b64encode(f"{PRODUCTION_USER}:{PRODUCTION_PASSWORD}".encode()).decode()
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {shop.prod.registry.host: {"auth": auth}}}))
    promoter.environment["PULLER"] = puller

    outcome = promoter.run(
        "promote",
        f"{shop.stage}:1.0",
        f"{shop.prod}:1.0",
        "--source-credentials=env:PULLER",
        f"--source-ca={ca.certificate}",
        f"--destination-credentials=authfile:{tmp_path / 'auth.json'}",
        f"--destination-ca={ca.certificate}",
    )

    assert outcome.exit_code == 0
    assert outcome.result["source"] == f"{shop.stage}:1.0"
    assert shop.prod.digest() == image.digest


@pytest.mark.statement("F10")
def test_the_tag_may_be_a_git_commit_hash(shop: Shop) -> None:
    commit = hashlib.sha1(shop.name.encode(), usedforsecurity=False).hexdigest()
    image = make_image(seed=shop.name)
    shop.stage.push(image, commit)

    assert shop.promote(source=commit, tag=commit).exit_code == 0
    assert shop.prod.digest(commit) == image.digest


def test_an_environment_alone_stands_for_the_same_name_and_tag(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image, "2.0")

    result = shop.run("promote", shop.image(shop.stage, "2.0"), "prod").result

    assert result["destination"] == f"{shop.prod}:2.0"
    assert shop.prod.digest("2.0") == image.digest


def test_a_destination_without_a_tag_gets_the_sources(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name), "2.0")
    outcome = shop.run("promote", shop.image(shop.stage, "2.0"), f"prod/{shop.name}")
    assert outcome.result["destination"] == f"{shop.prod}:2.0"


def test_a_source_by_digest_is_taken_whatever_its_tags_are(shop: Shop) -> None:
    tested, later = make_image(seed=f"{shop.name} tested"), make_image(seed=f"{shop.name} later")
    shop.stage.push(tested)
    shop.stage.push(later)

    shop.run("promote", f"stage/{shop.name}@{tested.digest}", shop.image(shop.prod))

    assert shop.prod.digest() == tested.digest


def test_flags_win_over_the_configuration(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    stage = shop.environments["stage"]
    right = stage["credentials"]
    stage |= {"credentials": "env:NOWHERE", "ca": "/nowhere.pem"}

    outcome = shop.promote(f"--source-credentials={right}", f"--source-ca={shop.environments['prod']['ca']}")

    assert outcome.exit_code == 0
    assert shop.prod.digest() == image.digest


def test_another_configuration_file_can_be_named(shop: Shop, tmp_path: Path) -> None:
    shop.stage.push(make_image(seed=shop.name))
    named = shop.configure().rename(tmp_path / "other.yaml")
    outcome = shop.promoter.run("promote", shop.image(shop.stage), "prod", "--config", named)
    assert outcome.result["status"] == "promoted"


def test_a_request_file_says_the_same_as_flags(shop: Shop, tmp_path: Path) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    request, result = tmp_path / "request.json", tmp_path / "result.json"
    request.write_text(json.dumps({"source": shop.image(shop.stage), "destination": "prod", "requestedBy": "Ada"}))

    outcome = shop.run("promote", "--request", request, "--result", result)

    assert json.loads(result.read_text()) == outcome.result
    assert shop.prod.digest() == image.digest
    assert shop.history()[0]["requested_by"] == "Ada"


def test_a_repository_may_be_nested(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    project = shop.environments["prod"]["project"]
    shop.environments["prod"]["project"] = f"{project}/team_a/web.front-end"

    outcome = shop.promote()

    assert outcome.result["destination"] == f"{shop.prod.registry.host}/{project}/team_a/web.front-end/{shop.name}:1.0"


@pytest.mark.statement("P16")
def test_production_runs_the_digest_that_was_tested(shop: Shop, token_service: TokenService) -> None:
    shop.log_in("stage", token_service.mint("system:serviceaccount:shop-dev:builder", {"shop-dev": "pull,push"}))
    tested, later = make_image(seed=f"{shop.name} tested"), make_image(seed=f"{shop.name} later")
    shop.stage.push(tested, "latest")

    steps = [shop.run("promote", shop.image(shop.stage, "latest"), shop.image(shop.stage, "stable"))]
    shop.stage.push(later, "latest")
    steps.append(shop.run("promote", shop.image(shop.stage, "stable"), shop.image(shop.prod, "v0.0.1")))
    steps.append(shop.run("promote", shop.image(shop.prod, "v0.0.1"), shop.image(shop.prod, "latest")))

    assert [step.result["status"] for step in steps] == ["promoted"] * 3
    assert shop.stage.digest("stable") == shop.prod.digest("v0.0.1") == shop.prod.digest("latest") == tested.digest
    assert shop.stage.digest("latest") == later.digest
