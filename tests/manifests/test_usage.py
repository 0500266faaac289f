"""How `promoter manifests` is used, and what it refuses; when it refuses, nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.manifests.conftest import Renderer, whole_configuration


def environment(renderer: Renderer, name: str) -> dict[str, object]:
    """Return an environment of the configuration, to be changed."""
    found: dict[str, object] = renderer.configuration["environments"][name]
    return found


def set_install(*path: str, value: object) -> Callable[[Renderer], None]:
    """Return what sets a key below `install`."""

    def change(renderer: Renderer) -> None:
        section = renderer.install
        for key in path[:-1]:
            section = section.setdefault(key, {})
        section[path[-1]] = value

    return change


def set_environment(name: str, key: str, value: object) -> Callable[[Renderer], None]:
    """Return what sets a key of an environment."""
    return lambda renderer: environment(renderer, name).update({key: value})


JOB_ROUTE = {
    "from": "non-production",
    "to": "production",
    "through": "job",
    "job": {"url": "https://jenkins.example.com", "name": "release", "user": "promoter", "credentials": "env:TOKEN"},
}
WRONG: dict[str, tuple[str, Callable[[Renderer], object], str]] = {
    "no library": ("production", lambda r: r.install.pop("library"), "lacks install.library.repository"),
    "no project": (
        "production",
        lambda r: environment(r, "production").pop("project"),
        "lacks environments.production.project",
    ),
    "project with slashes": (
        "non-production",
        set_environment("non-production", "project", "shop/dev"),
        "environments.non-production.project is 'shop/dev', which is no project's name in OpenShift",
    ),
    "name with upper case": (
        "non-production",
        set_install("puller", value="Puller"),
        "install.puller is 'Puller', which is no name that Kubernetes takes (RFC 1123)",
    ),
    "name that is too long": ("production", set_install("trigger", value="a" * 64), "install.trigger is 'aaa"),
    "deployment with a dot": (
        "non-production",
        set_install("verification", "deployment", value="web.example"),
        "install.verification.deployment is",
    ),
    "route to a job": (
        "non-production",
        lambda r: r.configuration["routes"].__setitem__(0, JOB_ROUTE),
        "hands over to a job of Jenkins, for which nothing is rendered",
    ),
    "two objects of one name": (
        "production",
        set_install("production", "account", value="promotion-trigger"),
        "There would be two objects shop-pipelines/ServiceAccount/promotion-trigger",
    ),
    "two image streams of one name": (
        "production",
        lambda r: (
            set_install("import", "image", value="image-promoter-agent")(r),
            set_install("production", "project", value="shop")(r),
        ),
        "There would be two objects shop/ImageStream/image-promoter-agent",
    ),
    "quantity": ("production", set_install("agent", "memory", value="1 GB"), "install.agent.memory is '1 GB'"),
    "schedule": ("production", set_install("watch", "schedule", value="always"), "install.watch.schedule is 'always'"),
    "password in the proxy": (
        "production",
        set_install("agent", "proxy", value="http://me:hidden@proxy:3128"),
        "install.agent.proxy is no URL that may be shown",
    ),
    "password in the git URL": (
        "production",
        set_install("library", "repository", value="https://me:hidden@git.example.com/promoter.git"),
        "install.library.repository is no git URL that may be shown",
    ),
    "markup in a path": (
        "non-production",
        set_environment("production", "credentials", "secret:/run/</mountPath>"),
        "environments.production.credentials is",
    ),
    "quotes in a user": ("production", set_environment("production", "user", 'a"b'), "environments.production.user is"),
    "command of two lines": (
        "non-production",
        set_install("verification", "command", value="true\nfalse"),
        "install.verification.command is",
    ),
    "unknown key": ("production", set_install("pullr", value="a"), "install.pullr is not known (did you mean puller?)"),
    "authority that is not there": (
        "production",
        set_environment("production", "ca", "nowhere.pem"),
        "environments.production.ca names nowhere.pem, which cannot be read",
    ),
    "verification without a webhook": (
        "non-production",
        lambda r: r.configuration.update(routes=[{"from": "non-production", "to": "production"}]),
        "install.verification is to promote from non-production, but the route has no webhook",
    ),
    "nothing to watch": (
        "production",
        lambda r: r.configuration["routes"][0].pop("watch"),
        "install.watch is to promote what the route watches, but the route watches nothing",
    ),
    "rollout of a route that copies": (
        "production",
        lambda r: (
            set_install("rollout", value={})(r),
            r.configuration.update(routes=[{"from": "non-production", "to": "production", "watch": ["web:stable"]}]),
        ),
        "install.rollout is for a route that hands over to production's pipeline, but the route copies",
    ),
    "rollout without a cluster": (
        "production",
        set_install("rollout", value={}),
        "install.rollout is waited for in production's cluster, but environments.production names none",
    ),
    "rollout of what is no workload": (
        "non-production",
        set_install("rollout", value={"deployments": ["web"]}),
        "The section `install` has a `rollout`, in which",
    ),
    "gates of a route that copies": (
        "production",
        lambda r: (
            set_install("gates", value={"sign-offs": ["billing"]})(r),
            r.configuration.update(routes=[{"from": "non-production", "to": "production", "watch": ["web:stable"]}]),
        ),
        "install.gates is for a route that hands over to production's pipeline, but the route copies",
    ),
    "gates that cannot be met": (
        "non-production",
        set_install("gates", value={"approval": {"by": []}}),
        "The section `install` has `gates`, in which",
    ),
    "no route": ("production", lambda r: r.configuration.update(routes=[]), "There is no route"),
}


@pytest.mark.parametrize(("side", "change", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_configuration_that_makes_no_objects_is_refused(
    renderer: Renderer, side: str, change: Callable[[Renderer], object], message: str
) -> None:
    change(renderer)
    output = renderer.promoter.directory / "manifests.yaml"
    outcome = renderer.run(side, "--output", str(output))
    error = outcome.error
    assert (error["kind"], error["exit_code"]) == ("wrong-usage", 2)
    assert "hidden" not in outcome.stdout + outcome.stderr
    assert message in error["message"]
    assert error["remedy"]
    assert not output.exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--side", "prod"), "There is no side 'prod'"),
        ((), "It is not said which side"),
        (("--side", "production", "--format", "json"), "There is no format 'json'"),
        (("--side", "production", "--route", "a:b"), "no route a:b"),
        (("--side", "production", "--token-from", "file:token"), "would have a secret in it"),
        (
            ("--side", "production", "--format", "template", "--token-from", "file:token", "--output", "new"),
            "--format template takes no secret",
        ),
        (("--side", "production", "--output", "promotion.yaml"), "promotion.yaml is there already"),
        (("--side", "production", "--output", "nowhere/new"), "nowhere/new cannot be written: No such file"),
        (("--side", "production", "--output", "promotion.yaml/new"), "cannot be written: Not a directory"),
    ],
)
def test_wrong_usage_writes_nothing(renderer: Renderer, flags: tuple[str, ...], message: str) -> None:
    directory = renderer.promoter.directory
    (directory / "promotion.yaml").write_text(yaml.safe_dump(whole_configuration()))
    before = {path: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    error = renderer.promoter.run("manifests", *flags).error
    assert message in error["message"]
    assert {path: path.read_bytes() for path in directory.iterdir() if path.is_file()} == before


def test_a_token_that_is_not_there_is_no_token(renderer: Renderer) -> None:
    error = renderer.run("production", "--token-from", "file:nowhere", "--output", "new").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert renderer.run("production", "--token-from", "anonymous", "--output", "new").error["exit_code"] == 5
    assert not (renderer.promoter.directory / "new").exists()


def test_a_key_does_not_get_into_an_object(renderer: Renderer, tmp_path: Path) -> None:
    certificate = Path(str(environment(renderer, "production")["ca"])).read_text()
    both = tmp_path / "both.pem"
    marker = "PRIVATE" + " KEY-----"
    both.write_text(f"-----BEGIN {marker}\nhidden\n-----END {marker}\n{certificate}")
    environment(renderer, "production")["ca"] = str(both)
    text = renderer.text("production")
    assert "hidden" not in text
    assert "BEGIN CERTIFICATE" in text
    both.write_text(f"-----BEGIN {marker}\nhidden\n-----END {marker}\n")
    error = renderer.run("production").error
    assert "in which there is no certificate" in error["message"]
    assert "hidden" not in error["message"]


def test_one_of_several_routes_is_named(renderer: Renderer) -> None:
    environments = renderer.configuration["environments"]
    del renderer.install["watch"]
    environments["staging"] = {"registry": "registry.dev.example.com", "project": "shop-staging"}
    renderer.configuration["routes"].append({"from": "staging", "to": "production"})
    error = renderer.run("production").error
    assert "--route" in error["remedy"]
    assert "staging:production" in error["remedy"]
    text = renderer.text("production", "--route", "staging:production")
    assert "shop-staging" in text


def test_the_result_names_the_objects(renderer: Renderer) -> None:
    result = renderer.run("non-production").result
    assert "shop-dev/RoleBinding/across-project-image-puller-system-image-puller" in result["objects"]
    assert "kind: RoleBinding" in result["text"]
    written = renderer.run("non-production", "--output", "new").result
    assert (written["text"], written["output"], written["objects"]) == (None, "new", result["objects"])
    assert (renderer.promoter.directory / "new").read_text() == result["text"]


def test_a_value_stays_a_value(renderer: Renderer) -> None:
    """A command with all that YAML, templates and shells have a meaning for arrives as it was written."""
    command = renderer.install["verification"]["command"] = (
        "a: \"b\" # 'c' \\n ${PULLER} ${{PORT}} $(d) {e} é \U0001f600"
    )
    job = next(found for found in renderer.objects("non-production") if found["kind"] == "Job")
    [verify] = job["spec"]["template"]["spec"]["initContainers"]
    assert verify["command"] == ["/bin/sh", "-c", command]
