"""No token is to be seen: not in what is printed or written, nor in what the machine shows of its processes."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.faults import FaultyProxy
from tests.support.images import make_image
from tests.support.shop import Shop

pytestmark = pytest.mark.statement("F7")


def forms(user: str, secret: str) -> set[str]:
    """Return a secret in all the forms in which it may turn up."""
    encoded = {
        encode(text.encode()).decode()
        for text in (secret, f"{user}:{secret}")
        for encode in (b64encode, urlsafe_b64encode)
    }
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        *encoded,
        *(one.rstrip("=") for one in encoded),
    }


@pytest.fixture
def secrets(puller: str) -> set[str]:
    """Both sides' secrets in all forms."""
    return forms("openshift", puller) | forms(PRODUCTION_USER, PRODUCTION_PASSWORD)


def seen(secrets: set[str], *texts: str) -> list[str]:
    return [form for form in secrets for text in texts if form in text]


def test_what_is_printed_written_and_recorded_has_none(
    shop: Shop, puller: str, secrets: set[str], tmp_path: Path
) -> None:
    shop.stage.push(make_image(seed=shop.name))
    file = tmp_path / "result.json"

    outcome = shop.promote("--verbose", f"--result={file}", f"--reason=with {puller} and {quote(PRODUCTION_PASSWORD)}")

    manifest = shop.prod.resolve(outcome.result["record"].rpartition("@")[2])
    assert manifest
    statement = shop.prod.registry.blob_file(json.loads(manifest.content)["layers"][0]["digest"]).read_text()
    assert "with **** and ****" in statement
    texts = (outcome.stdout, outcome.stderr, file.read_text(), manifest.content.decode(), statement)
    assert seen(secrets, *texts) == []


def test_neither_command_lines_nor_skopeos_environment_have_one_during_a_copy(
    shop: Shop, puller: str, secrets: set[str], before_prod: FaultyProxy
) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.environment["PULLER"] = puller
    shop.environments["stage"]["credentials"] = "env:PULLER"
    hold = before_prod.when("PATCH", "/blobs/uploads/").hold()

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        [skopeo] = running.children()
        private = next(shop.promoter.temporary.iterdir())
        modes = {path.name: path.stat().st_mode & 0o777 for path in (private, *private.glob("*.json"))}
        command_line = running.arguments
        hold.release()
        assert running.outcome().exit_code == 0

    assert skopeo.arguments[:2] == ["skopeo", "copy"]
    assert seen(secrets, *command_line, *skopeo.arguments, *skopeo.environment.values()) == []
    assert "PULLER" not in skopeo.environment
    assert modes == {private.name: 0o700, "src-auth.json": 0o600, "dest-auth.json": 0o600}


def test_what_skopeo_says_is_redacted(shop: Shop, secrets: set[str]) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.replace_skopeo(
        'for one in "$@"; do case $one in *authfile=*) cat "${one#*=}"; echo;; esac; done; echo denied; exit 1'
    )

    outcome = shop.promote("--verbose")

    assert outcome.exit_code == 5
    assert '"auth": "****"' in outcome.stderr
    assert seen(secrets, outcome.stdout, outcome.stderr) == []


def test_what_a_registry_says_is_redacted(
    shop: Shop, secrets: set[str], puller: str, before_prod: FaultyProxy, tmp_path: Path
) -> None:
    shop.stage.push(make_image(seed=shop.name))
    said = f"{puller} {PRODUCTION_PASSWORD}"
    body = json.dumps({"errors": [{"code": "DENIED", "message": said}]}).encode()
    before_prod.when("PUT", "/manifests/1.0$").answer(403, {"Content-Type": "application/json"}, body)
    file = tmp_path / "result.json"

    outcome = shop.promote(f"--result={file}")

    assert outcome.exit_code == 5
    assert "DENIED: **** ****" in outcome.error["message"]
    assert seen(secrets, outcome.stdout, outcome.stderr, file.read_text()) == []
