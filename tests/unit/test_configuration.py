"""`promotion.yaml`: what it may say, and what is refused."""

from __future__ import annotations

from textwrap import dedent

import pytest

from promoter.errors import WrongUsage
from promoter.model.configuration import Configuration, Environment, Route, Webhook
from promoter.model.gates import Approval, Gates, checked_application
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
            watch: ["web:stable", "api-a:release-*"]
            gates:
              sign-offs: [billing, checkout]
              approval: {by: [alice, bob@example.com], approvers: 2, timeout: 8h}
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
            watch=("web:stable", "api-a:release-*"),
            gates=Gates(
                sign_offs=("billing", "checkout"),
                approval=Approval(by=("alice", "bob@example.com"), approvers=2, timeout="8h"),
            ),
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
    assert read(text) == Configuration(origin="promotion.yaml was read")


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
    "list without an end": ("environments: [dev", "line 1, column 15: the brackets that begin here are not closed"),
    "mapping without an end": ("a:\n  {b: c", "line 2, column 3: the brackets that begin here are not closed"),
    "no comma": ("a: {b: c d: e}", "line 1, column 4: the brackets that begin here are not closed, or lack a comma"),
    "nothing behind a bracket": ("environments: [", "line 1, column 16: a value is missing"),
    "quotes without an end": ("a: 1\nb: 'c\n", "line 2, column 4: the quotes that begin here are not closed"),
    "key without a colon": ("a:\n  b: 1\nprod\nc: 2", "line 3, column 1: a key has no ':' behind it"),
    "tab": ("environments:\n\tdev: {}", "line 2, column 1: a tab cannot stand here; indent with spaces"),
    "wrong indentation": ("a:\n  b:\n    c: 1\n   d: 2", "line 4, column 4: this does not belong to what stands above"),
    "second colon": ("a: b: c", "line 1, column 5: a ':' cannot stand here"),
    "value and mapping": ("a: 1\n  b: 2", "line 2, column 4: a ':' cannot stand here"),
    "list on the line of its key": ("a: - b", "line 1, column 4: this cannot begin here"),
    "text begins with @": ("a: @b", "line 1, column 4: a text cannot begin with @ unless it is in quotes"),
    "text begins with *": ("images: [*]", "line 1, column 11: a text cannot begin with * or & unless it is in quotes"),
    "text begins with >": ("a: >1.0", "line 1, column 6: a text cannot begin with | or > unless it is in quotes"),
    "text behind quotes": ("a: 'b' c", "line 1, column 8: more text follows a value that has ended"),
    "backslash": (r'a: "\q"', r"line 1, column 6: what follows the \ is no escape"),
    "control character": ("a: 1\nbc: \0", "line 2, column 5: a control character cannot stand here"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins"),
    "unknown tag": ("environments: !secret dev", "line 1, column 15: nothing here has the tag !secret"),
    "binary": ("environments: !!binary aGk=", "line 1, column 15: nothing here has the tag !!binary"),
    "Python object": (
        "a: !!python/object/apply:os.getcwd []",
        "nothing here has the tag !!python/object/apply:os.getcwd",
    ),
    "tag of another kind": ("environments: !!bool dev", "is not what its tag says"),
    "unknown anchor": ("environments: *dev", "line 1, column 15: *dev repeats nothing"),
    "anchor twice": ("a: &x 1\nb: &x 2", "line 2, column 4: an anchor of this name stands above already"),
    "merged text": ("environments: {<<: dev}", "line 1, column 20: << takes a mapping"),
    "contains itself": ("environments: &all\n  dev: *all\n", "a part contains itself"),
    "nested too deeply": ("[" * 5000, "is nested too deeply"),
    "duplicate key": ("environments: {}\nenvironments: {}", "line 2, column 1: the key 'environments' stands twice"),
    "duplicate key, quoted": (
        "environments:\n  dev: {registry: a.io}\n  'dev': {registry: b.io}",
        "'dev' stands twice",
    ),
    "duplicate key, deep": ("environments:\n  dev: {registry: a.io, registry: b.io}", "'registry' stands twice"),
    "numeric key": ("environments:\n  2024: {registry: a.io}", "line 2, column 3: a key is no text; put it in quotes"),
    "boolean key": ("environments:\n  no: {registry: a.io}", "a key is no text"),
    "date as key": ("environments:\n  2024-01-01: {registry: a.io}", "line 2, column 3: this is a date"),
    "date as value": (
        "environments: {dev: {project: 2024-01-01}}",
        "line 1, column 31: this is a date; put it in quotes",
    ),
    "list as key": ("? [a]\n: 1", "a key is no text"),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    said = refusal(text)
    assert said.startswith("promotion.yaml cannot be read: ")
    assert message in said


DEV = "environments.dev"
UNFIT = {
    "a list": ("- environments", "the whole is a list, where a mapping is expected"),
    "an empty list": ("[]", "the whole is a list, where a mapping is expected"),
    "a text": ("environments", "the whole is text, where a mapping is expected"),
    "a number": ("0", "the whole is a number, where a mapping is expected"),
    "false": ("false", "the whole is false, where a mapping is expected"),
    "half a character": (r'environments: {dev: {registry: "\ud800"}}', "the whole has half a character in it"),
    "unknown key at the top": ("enviroments: {}", "enviroments is not known (did you mean environments?)"),
    "unknown key": (
        "environments: {dev: {registry: a.io, projekt: b}}",
        f"{DEV}.projekt is not known (did you mean pro",
    ),
    "unknown key like no other": ("environments: {dev: {registry: a.io, 7th: b}}", f"{DEV}.7th is not known."),
    "underscore": (
        "environments: {dev: {registry: a.io, tls_verify: true}}",
        f"{DEV}.tls_verify is not known (did you mean tls-verify?)",
    ),
    "underscore and hyphen": (
        "environments: {dev: {registry: a.io, tls-verify: true, tls_verify: false}}",
        f"{DEV}.tls_verify is not known (did you mean tls-verify?)",
    ),
    "no registry": ("environments: {dev: {project: shop}}", f"{DEV}.registry is missing"),
    "environment is null": ("environments: {dev: }", f"{DEV} is empty, where a mapping is expected"),
    "environments is a list": ("environments: [dev]", "environments is a list, where a mapping is expected"),
    "numeric project": (
        "environments: {dev: {registry: a.io, project: 2048}}",
        f"{DEV}.project is a number, where text is expected (put it in quotes)",
    ),
    "octal project": ("environments: {dev: {registry: a.io, project: 0123}}", f"{DEV}.project is a number, where text"),
    "boolean project": ("environments: {dev: {registry: a.io, project: on}}", f"{DEV}.project is true, where text"),
    "list of projects": ("environments: {dev: {registry: a.io, project: [a]}}", f"{DEV}.project is a list, where text"),
    "truth as text": (
        'environments: {dev: {registry: a.io, tls-verify: "false"}}',
        f"{DEV}.tls-verify is text, where true or false is expected (write it without quotes)",
    ),
    "truth as number": (
        "environments: {dev: {registry: a.io, tls-verify: 0}}",
        f"{DEV}.tls-verify is a number, where true or false is expected",
    ),
    "routes is a mapping": ("routes: {from: dev, to: prod}", "routes is a mapping, where a list is expected"),
    "route without ends": ("routes: [{}]", "routes.0.from is missing; routes.0.to is missing"),
    "images is a text": (
        "routes: [{from: a, to: b, images: web}]",
        "routes.0.images is text, where a list is expected (put it in brackets)",
    ),
    "unknown way": (
        "routes: [{from: a, to: b, through: carrier-pigeon}]",
        "routes.0.through is 'carrier-pigeon', where 'copy', 'webhook', 'job' or 'generic-webhook' is expected",
    ),
    "way is a number": ("routes: [{from: a, to: b, through: 1}]", "routes.0.through is a number, where 'copy'"),
    "webhook lacks keys": (
        "routes: [{from: a, to: b, through: webhook, webhook: {api: https://a}}]",
        "routes.0.webhook.secret is missing",
    ),
}


@pytest.mark.parametrize(("text", "message"), UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_the_model_is_named_by_its_path(text: str, message: str) -> None:
    said = refusal(text)
    assert said.startswith("promotion.yaml does not fit: ")
    assert message in said


def test_all_that_does_not_fit_is_named_at_once() -> None:
    said = refusal("environments: {dev: {project: 5}}\nrotues: []")
    for message in ("environments.dev.registry is missing", "environments.dev.project is a number", "rotues is not"):
        assert message in said


WEBHOOK = "{api: 'https://a', project: p, build-config: b, secret: 'env:S'}"
JOB = "{url: 'https://jenkins.example.com', name: team/job}"
INCOHERENT = {
    "unknown origin": (
        "routes: [{from: test, to: prod}]",
        "no environment 'test' (known: dev, prod); promotion.yaml was read",
    ),
    "unknown target": ("routes: [{from: dev, to: live}]", "no environment 'live' (known: dev, prod)"),
    "webhook is missing": ("routes: [{from: dev, to: prod, through: webhook}]", "has only one of"),
    "webhook is not taken": (f"routes: [{{from: dev, to: prod, webhook: {WEBHOOK}}}]", "has only one of"),
    "job is missing": ("routes: [{from: dev, to: prod, through: job}]", "one of `through: job` and `job:`"),
    "job is not taken": (f"routes: [{{from: dev, to: prod, job: {JOB}}}]", "one of `through: job` and `job:`"),
    "generic webhook is missing": ("routes: [{from: dev, to: prod, through: generic-webhook}]", "`generic-webhook:`"),
    "job beside a webhook": (
        f"routes: [{{from: dev, to: prod, through: webhook, webhook: {WEBHOOK}, job: {JOB}}}]",
        "one of `through: job` and `job:`",
    ),
    "job without a name": (
        "routes: [{from: dev, to: prod, through: job, job: {url: 'https://j', name: ''}}]",
        "'', which is no job's full name",
    ),
    "job's name with a slash too many": (
        "routes: [{from: dev, to: prod, through: job, job: {url: 'https://j', name: /team/job}}]",
        "'/team/job', which is no job's full name",
    ),
    "blobs of another registry": (
        "routes: [{from: dev, to: prod, mount-from: [base/java, prod.example.com/base/node]}]",
        "'prod.example.com/base/node' is not a repository",
    ),
    "blobs of a tag": ("routes: [{from: dev, to: prod, mount-from: ['base/java:1']}]", "'base/java:1' is not a repos"),
    "two equal routes": (
        "routes: [{from: dev, to: prod}, {from: dev, to: prod, images: [web]}]",
        "two routes from dev to prod",
    ),
}


@pytest.mark.parametrize(("routes", "message"), INCOHERENT.values(), ids=INCOHERENT.keys())
def test_routes_that_do_not_fit_together_are_refused(routes: str, message: str) -> None:
    assert message in refusal(f"{ENVIRONMENTS}\n{routes}")


UNWATCHABLE = {
    "no tag": ("web", "'web', which is not name:tag"),
    "empty tag": ("web:", "'web:', which is not name:tag"),
    "no name": (":stable", "':stable' is not an image reference"),
    "pattern of names": ("api-*:stable", "'api-*:stable': images cannot be found by a pattern"),
    "any name": ("?:stable", "images cannot be found by a pattern"),
    "user": ("u:S3cret@dev.example.com/web:stable", "watches '…@dev.example.com/web:stable', which is not name:tag"),
    "digest": (f"web:stable@sha256:{'a' * 64}", "which is not name:tag"),
    "full reference": ("dev.example.com:5000/web:stable", "is not an image reference"),
    "tag with a slash": ("web:a/*", "'web:a/*' is not an image reference"),
    "character class": ("web:release-[0-9]", "'web:release-[0-9]' is not an image reference"),
    "name in upper case": ("Web:stable", "'Web' is no repository"),
    "image that does not take the route": ("other:stable", "'other:stable', which is none of its images"),
}


@pytest.mark.parametrize(("pattern", "message"), UNWATCHABLE.values(), ids=UNWATCHABLE.keys())
def test_what_cannot_be_watched_is_refused(pattern: str, message: str) -> None:
    routes = f"routes: [{{from: dev, to: prod, images: [web, 'api-*'], watch: [{pattern!r}]}}]"
    refused = refusal(f"{ENVIRONMENTS}\n{routes}")
    assert message in refused
    assert "S3" not in refused


@pytest.mark.parametrize("pattern", ["web:stable", "web:*", "api-a:v?.*", "web:_*"])
def test_a_tag_is_watched_by_its_name_or_by_a_pattern(pattern: str) -> None:
    routes = f"routes: [{{from: dev, to: prod, images: [web, 'api-*'], watch: [{pattern!r}]}}]"
    assert read(f"{ENVIRONMENTS}\n{routes}").routes[0].watch == (pattern,)


IMPASSABLE = {
    "application with a capital": ("sign-offs: [Billing]", "in which 'Billing' is no application's name"),
    "application with two dots": ("sign-offs: [a..b]", "'a..b' is no application's name"),
    "application with a line's end": (r'sign-offs: ["a\n"]', "is no application's name"),
    "application with 48 characters": (f"sign-offs: [{'a' * 48}]", "is no application's name"),
    "application without a name": ("sign-offs: ['']", "'' is no application's name"),
    "application twice": ("sign-offs: [a, b, a]", "in which 'a' is listed twice"),
    "nobody": ("approval: {by: []}", "1 of 0 people have to approve"),
    "nobody is asked": ("approval: {by: [alice], approvers: 0}", "0 of 1 people have to approve"),
    "more than there are": ("approval: {by: [alice, bob], approvers: 3}", "3 of 2 people have to approve"),
    "person twice": ("approval: {by: [alice, Alice]}", "'alice' is listed twice"),
    "person without a name": ("approval: {by: ['']}", "in which '' is nobody's ID"),
    "person with a blank": ("approval: {by: [alice smith]}", "'alice smith' is nobody's ID"),
    "two people in one": ("approval: {by: ['alice,bob']}", "'alice,bob' is nobody's ID"),
    "no duration": ("approval: {by: [alice], timeout: 1 day}", "in which '1 day' is not a duration"),
    "unknown key": ("approvals: {by: [alice]}", "approvals is not known (did you mean approval?)"),
    "no list": ("approval: {by: alice}", "approval.by is text, where a list is expected (put it in brackets)"),
}


@pytest.mark.parametrize(("gates", "message"), IMPASSABLE.values(), ids=IMPASSABLE.keys())
@pytest.mark.parametrize("of", ["route", "install"])
def test_gates_that_cannot_be_met_are_refused(gates: str, message: str, of: str) -> None:
    section = f"gates: {{{gates}}}"
    rest = f"install: {{{section}}}" if of == "install" else f"routes: [{{from: dev, to: prod, {section}}}]"
    assert message in refusal(f"{ENVIRONMENTS}\n{rest}")


@pytest.mark.parametrize("application", ["a", "7", "billing", "team-a.billing_2", "a" * 47])
def test_applications_that_sign_off(application: str) -> None:
    assert checked_application(application) == application


ENVIRONMENT = {
    "name with a dot": ("v1.2: {registry: a.io}", "cannot be called 'v1.2'"),
    "name with a colon": ("'dev:1': {registry: a.io}", "cannot be called 'dev:1'"),
    "name with a slash": ("dev/eu: {registry: a.io}", "cannot be called 'dev/eu'"),
    "localhost": ("localhost: {registry: a.io}", "cannot be called 'localhost'"),
    "empty name": ("'': {registry: a.io}", "cannot be called ''"),
    "registry with a scheme": ("dev: {registry: 'https://a.io'}", "is 'https://a.io', which is no host"),
    "registry with a path": ("dev: {registry: a.io/shop}", "is 'a.io/shop', which is no host"),
    "registry with no such port": ("dev: {registry: 'a.io:70000'}", "is 'a.io:70000', which is no host"),
    "registry with a user": ("dev: {registry: 'https://u:S3cret@a.io'}", "is 'https://…@a.io', which is no host"),
    "registry with a user and no scheme": ("dev: {registry: 'u:S3/cret@a.io'}", "is '…@a.io', which is no host"),
    "project with a user": ("dev: {registry: a.io, project: 'u:S3cret@a.io/shop'}", "'…@a.io/shop' is not"),
    "name with a user": ("'u:S3cret@dev': {registry: a.io}", "cannot be called '…@dev'"),
    "empty registry": ("dev: {registry: ''}", "is '', which is no host"),
    "project with uppercase": ("dev: {registry: a.io, project: Shop}", "'Shop' is no repository"),
    "project with a slash at the end": ("dev: {registry: a.io, project: shop/}", "'shop/' is no repository"),
    "project with a tag": ("dev: {registry: a.io, project: 'shop:1'}", "more than a repository"),
}


@pytest.mark.parametrize(("environment", "message"), ENVIRONMENT.values(), ids=ENVIRONMENT.keys())
def test_environments_that_cannot_be_used_are_refused(environment: str, message: str) -> None:
    refused = refusal(f"environments:\n  {environment}")
    assert message in refused
    assert "S3" not in refused


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
    with pytest.raises(WrongUsage, match=r"no environment 'x' \(known: none\); no file was found"):
        Configuration(origin="no file was found").environment("x")


def test_equal_configurations_have_one_hash() -> None:
    text = f"{ENVIRONMENTS}\nroutes: [{{from: dev, to: prod}}]"
    assert len({read(text), read(text), read("")}) == 2


def test_where_it_was_read_from_is_no_key() -> None:
    assert "origin is not known" in refusal("origin: elsewhere")


@pytest.mark.parametrize(("project", "repository"), [("shop", "shop/web"), ("a/b", "a/b/web"), ("", "web")])
def test_an_environment_names_the_repository_of_an_image(project: str, repository: str) -> None:
    assert Environment(registry="a.io", project=project).repository("web") == repository
