"""`promotion.yaml`: what it may say, and what is refused."""

from __future__ import annotations

from textwrap import dedent

import pytest

from promoter.errors import WrongUsage
from promoter.model.configuration import Configuration, Environment, Route, Webhook
from promoter.model.reading import read_configuration

ENVIRONMENTS = """
environments:
  dev: {registry: dev.example.com, project: shop-dev}
  prod: {registry: prod.example.com, project: shop}
"""


def read(text: str) -> Configuration:
    return read_configuration(dedent(text), "promotion.yaml")


def refusal(text: str) -> str:
    with pytest.raises(WrongUsage) as caught:
        read(text)
    return caught.value.message


def test_every_key() -> None:
    configuration = read(
        """
        environments:
          dev:
            registry: dev.example.com:5000
            project: shop-dev/team
            credentials: secret:/run/secrets/dev
            user: builder
            ca: /etc/dev-ca.pem
            tls-verify: false
          prod: {registry: prod.example.com}
        routes:
          - from: dev
            to: prod
            images: [web, "api-*"]
            through: webhook
            mount-from: [base/java, base/node]
            webhook:
              api: https://api.example.com:6443
              project: shop-cicd
              build-config: promote
              secret: secret:/run/secrets/webhook
              credentials: in-cluster
              ca: /etc/prod-ca.pem
              tls-verify: false
              jenkins: https://jenkins.example.com
              legacy-api: true
        """
    )
    assert configuration.environments == {
        "dev": Environment(
            registry="dev.example.com:5000",
            project="shop-dev/team",
            credentials="secret:/run/secrets/dev",
            user="builder",
            ca="/etc/dev-ca.pem",
            tls_verify=False,
        ),
        "prod": Environment(registry="prod.example.com"),
    }
    webhook = Webhook(
        api="https://api.example.com:6443",
        project="shop-cicd",
        build_config="promote",
        secret="secret:/run/secrets/webhook",
        credentials="in-cluster",
        ca="/etc/prod-ca.pem",
        tls_verify=False,
        jenkins="https://jenkins.example.com",
        legacy_api=True,
    )
    assert configuration.routes == (
        Route(
            from_="dev",
            to="prod",
            images=("web", "api-*"),
            through="webhook",
            mount_from=("base/java", "base/node"),
            webhook=webhook,
        ),
    )


def test_what_is_left_out() -> None:
    configuration = read(f"{ENVIRONMENTS}\nroutes: [{{from: dev, to: prod}}]")
    dev, (route,) = configuration.environments["dev"], configuration.routes
    assert (dev.credentials, dev.user, dev.ca, dev.tls_verify) == ("anonymous", "openshift", None, True)
    assert (route.images, route.through, route.webhook, route.mount_from) == (("*",), "copy", None, ())


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}", "environments: {}", "routes: []"])
def test_nothing_is_an_empty_configuration(text: str) -> None:
    assert read(text) == Configuration()


def test_parts_are_repeated_by_anchors_and_merge_keys() -> None:
    configuration = read(
        """
        environments:
          dev: &dev
            registry: dev.example.com
            project: shop-dev
            credentials: in-cluster
          test: &test {<<: *dev, project: shop-test}
          prod: {<<: *test, registry: prod.example.com}
          again: *dev
        """
    )
    assert configuration.environments["again"] == configuration.environments["dev"]
    prod = Environment(registry="prod.example.com", project="shop-test", credentials="in-cluster")
    assert configuration.environments["prod"] == prod


def test_a_merge_that_was_overridden_may_be_merged_again_from_above() -> None:
    configuration = read(
        """
        environments:
          base: &base {registry: r.example.com, user: first}
          prod:
            <<: &inner {<<: *base, user: second}
            project: shop
          last: {<<: *inner}
        """
    )
    assert configuration.environments["prod"].user == "second"
    assert configuration.environments["last"] == Environment(registry="r.example.com", user="second")


UNREADABLE = {
    "no YAML": ("environments: [", "promotion.yaml cannot be read"),
    "tab": ("environments:\n\tdev: {}", "promotion.yaml cannot be read"),
    "two documents": ("a: 1\n---\nb: 2\n", "promotion.yaml cannot be read"),
    "unknown tag": ("environments: !secret dev", "promotion.yaml cannot be read"),
    "Python object": ("environments: !!python/object/apply:os.getcwd []", "promotion.yaml cannot be read"),
    "unknown anchor": ("environments: *dev", "promotion.yaml cannot be read"),
    "contains itself": ("environments: &all\n  dev: *all\n", "promotion.yaml cannot be read"),
    "duplicate key": ("environments: {}\nenvironments: {}", "the key 'environments' stands twice"),
    "duplicate key, quoted": (
        "environments:\n  dev: {registry: a.io}\n  'dev': {registry: b.io}",
        "'dev' stands twice",
    ),
    "duplicate key, deep": ("environments:\n  dev: {registry: a.io, registry: b.io}", "'registry' stands twice"),
    "numeric key": ("environments:\n  2024: {registry: a.io}", "a key is no text"),
    "boolean key": ("environments:\n  no: {registry: a.io}", "a key is no text"),
    "date as key": ("environments:\n  2024-01-01: {registry: a.io}", "a key is no text"),
    "list as key": ("? [a]\n: 1", "a key is no text"),
    "a list": ("- environments", "as a whole: "),
    "an empty list": ("[]", "as a whole: "),
    "a text": ("environments", "as a whole: "),
    "a number": ("0", "as a whole: "),
    "false": ("false", "as a whole: "),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    said = refusal(text)
    assert message in said
    assert "promotion.yaml" in said


UNFIT = {
    "unknown key at the top": ("enviroments: {}", "enviroments: Extra inputs are not permitted"),
    "unknown key": ("environments: {dev: {registry: a.io, projekt: b}}", "environments.dev.projekt: Extra"),
    "underscore": ("environments: {dev: {registry: a.io, tls_verify: true}}", "environments.dev.tls_verify: Extra"),
    "no registry": ("environments: {dev: {project: shop}}", "environments.dev.registry: Field required"),
    "environment is null": ("environments: {dev: }", "environments.dev: "),
    "environments is a list": ("environments: [dev]", "environments: "),
    "numeric project": (
        "environments: {dev: {registry: a.io, project: 2048}}",
        "environments.dev.project: Input should",
    ),
    "octal project": ("environments: {dev: {registry: a.io, project: 0123}}", "environments.dev.project: Input should"),
    "boolean project": ("environments: {dev: {registry: a.io, project: on}}", "environments.dev.project: Input should"),
    "list of projects": (
        "environments: {dev: {registry: a.io, project: [a]}}",
        "environments.dev.project: Input should",
    ),
    "date as project": ("environments: {dev: {registry: a.io, project: 2024-01-01}}", "type date is not JSON"),
    "truth as text": (
        'environments: {dev: {registry: a.io, tls-verify: "false"}}',
        "environments.dev.tls-verify: Input",
    ),
    "truth as number": ("environments: {dev: {registry: a.io, tls-verify: 0}}", "environments.dev.tls-verify: Input"),
    "routes is a mapping": ("routes: {from: dev, to: prod}", "routes: "),
    "route without ends": ("routes: [{}]", "routes.0.from: Field required"),
    "images is a text": ("routes: [{from: a, to: b, images: web}]", "routes.0.images: "),
    "unknown way": ("routes: [{from: a, to: b, through: carrier-pigeon}]", "routes.0.through: Input should be 'copy'"),
    "webhook lacks keys": (
        "routes: [{from: a, to: b, through: webhook, webhook: {api: https://a}}]",
        "routes.0.webhook.build-config: Field required",
    ),
}


@pytest.mark.parametrize(("text", "message"), UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_the_model_is_named_by_its_path(text: str, message: str) -> None:
    assert message in refusal(text)


def test_all_that_does_not_fit_is_named_at_once() -> None:
    said = refusal("environments: {dev: {project: 5}}\nrotues: []")
    for message in ("environments.dev.registry: ", "environments.dev.project: ", "rotues: "):
        assert message in said


WEBHOOK = "{api: 'https://a', project: p, build-config: b, secret: 'env:S'}"
INCOHERENT = {
    "unknown origin": ("routes: [{from: test, to: prod}]", "no environment 'test' (known: dev, prod)"),
    "unknown target": ("routes: [{from: dev, to: live}]", "no environment 'live' (known: dev, prod)"),
    "webhook is missing": ("routes: [{from: dev, to: prod, through: webhook}]", "has only one of"),
    "webhook is not taken": (f"routes: [{{from: dev, to: prod, webhook: {WEBHOOK}}}]", "has only one of"),
    "two equal routes": (
        "routes: [{from: dev, to: prod}, {from: dev, to: prod, images: [web]}]",
        "two routes from dev to prod",
    ),
}


@pytest.mark.parametrize(("routes", "message"), INCOHERENT.values(), ids=INCOHERENT.keys())
def test_routes_that_do_not_fit_together_are_refused(routes: str, message: str) -> None:
    assert message in refusal(f"{ENVIRONMENTS}\n{routes}")


ENVIRONMENT = {
    "name with a dot": ("v1.2: {registry: a.io}", "cannot be called 'v1.2'"),
    "name with a colon": ("'dev:1': {registry: a.io}", "cannot be called 'dev:1'"),
    "name with a slash": ("dev/eu: {registry: a.io}", "cannot be called 'dev/eu'"),
    "localhost": ("localhost: {registry: a.io}", "cannot be called 'localhost'"),
    "empty name": ("'': {registry: a.io}", "cannot be called ''"),
    "registry with a scheme": ("dev: {registry: 'https://a.io'}", "is 'https://a.io', which is no host"),
    "registry with a path": ("dev: {registry: a.io/shop}", "is 'a.io/shop', which is no host"),
    "registry with no such port": ("dev: {registry: 'a.io:70000'}", "is 'a.io:70000', which is no host"),
    "empty registry": ("dev: {registry: ''}", "is '', which is no host"),
    "project with uppercase": ("dev: {registry: a.io, project: Shop}", "'Shop' is no repository"),
    "project with a slash at the end": ("dev: {registry: a.io, project: shop/}", "'shop/' is no repository"),
    "project with a tag": ("dev: {registry: a.io, project: 'shop:1'}", "more than a repository"),
}


@pytest.mark.parametrize(("environment", "message"), ENVIRONMENT.values(), ids=ENVIRONMENT.keys())
def test_environments_that_cannot_be_used_are_refused(environment: str, message: str) -> None:
    assert message in refusal(f"environments:\n  {environment}")


@pytest.mark.parametrize(
    ("patterns", "name", "taken"),
    [
        (("*",), "team/web", True),
        (("web",), "web", True),
        (("web",), "web-2", False),
        (("web-*",), "web-2", True),
        (("team/*",), "team/a/b", True),
        (("we?",), "web", True),
        (("we?",), "we", False),
        (("web",), "WEB", False),
        (("api", "web"), "web", True),
        ((), "web", False),
    ],
)
def test_a_route_takes_images_by_pattern(patterns: tuple[str, ...], name: str, taken: bool) -> None:
    assert Route(from_="dev", to="prod", images=patterns).takes(name) is taken


def test_routes_and_environments_are_found() -> None:
    configuration = read(f"{ENVIRONMENTS}\nroutes: [{{from: dev, to: prod}}]")
    assert configuration.route("dev", "prod") == configuration.routes[0]
    assert configuration.route("prod", "dev") is None
    assert configuration.route(None, None) is None
    assert configuration.environment_at("dev.example.com", "shop-dev") == "dev"
    assert configuration.environment_at("dev.example.com", "shop") is None


def test_an_unknown_environment_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(WrongUsage, match=r"no environment 'x' \(known: none\)"):
        Configuration().environment("x")


@pytest.mark.parametrize(("project", "repository"), [("shop", "shop/web"), ("a/b", "a/b/web"), ("", "web")])
def test_an_environment_names_the_repository_of_an_image(project: str, repository: str) -> None:
    assert Environment(registry="a.io", project=project).repository("web") == repository
