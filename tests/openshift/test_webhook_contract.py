"""What a client relies on from the BuildConfig API and its generic webhook.

The tests run against the stub; with OPENSHIFT_API (URL), OPENSHIFT_TOKEN, OPENSHIFT_CA (PEM file) and
OPENSHIFT_PROJECT set, against that server. There the token's user needs the role `edit` in the project and
anonymous callers no leave for webhooks; every object made is deleted again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.openshift.client import BUILD_API, MERGE_PATCH, Client, Document
from tests.support.cluster import Cluster, edit
from tests.support.tls import CertificateAuthority

SECRET = "s3cret"
ENV = [{"name": "FOO", "value": "bar"}, {"name": "BASE", "value": "hook"}]
COMMIT = "a" * 40
GIT = {"uri": "https://127.0.0.1/x.git", "ref": "main"}
PIPELINE: Document = {
    "type": "JenkinsPipeline",
    "jenkinsPipelineStrategy": {"jenkinsfile": "echo 1", "env": [{"name": "BASE", "value": "bc"}]},
}
SOURCE: Document = {
    "type": "Source",
    "sourceStrategy": {
        "from": {"kind": "DockerImage", "name": "127.0.0.1:15000/test/app:1.0"},
        "env": [{"name": "BASE", "value": "bc"}],
    },
}


@dataclass(frozen=True)
class Fixtures:
    """Makes objects with names of their own, and deletes them."""

    client: Client
    made: list[str]

    def secret(self, values: dict[str, str]) -> str:
        name = _new_name()
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
        self._make(self.client.path("secrets", core=True), name, body)
        return name

    def build_config(
        self,
        *triggers: Document,
        strategy: Document = PIPELINE,
        source: Document | None = None,
        annotations: Document | None = None,
    ) -> str:
        name = _new_name()
        body = {
            "apiVersion": "build.openshift.io/v1",
            "kind": "BuildConfig",
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {
                "strategy": strategy,
                "triggers": [{"type": "Generic", "generic": trigger} for trigger in triggers],
            }
            | ({"source": source} if source else {}),
        }
        self._make(self.client.path("buildconfigs"), name, body)
        return name

    def pipeline(self, *, allow_env: bool = True) -> str:
        return self.build_config({"secret": SECRET, "allowEnv": allow_env})

    def git_config(self, *, allow_env: bool = True) -> str:
        trigger = {"secret": SECRET, "allowEnv": allow_env}
        return self.build_config(trigger, strategy=SOURCE, source={"type": "Git", "git": GIT})

    def clean(self) -> None:
        for path in self.made:
            assert self.client.call("DELETE", path).code == 200

    def _make(self, path: str, name: str, body: Document) -> None:
        answer = self.client.call("POST", path, body)
        assert answer.code == 201, answer.text
        self.made.append(f"{path}/{name}")


def _new_name() -> str:
    return f"contract-{secrets.token_hex(4)}"


@pytest.fixture
def client(ca: CertificateAuthority) -> Iterator[Client]:
    if "OPENSHIFT_API" in os.environ:
        yield Client(
            os.environ["OPENSHIFT_API"],
            Path(os.environ["OPENSHIFT_CA"]),
            os.environ["OPENSHIFT_PROJECT"],
            os.environ["OPENSHIFT_TOKEN"],
        )
        return
    with Cluster(ca) as cluster:
        cluster.add_project("shop-prod")
        cluster.add_user("developer", token="dev-token", rights=[edit("shop-prod")])
        yield Client(cluster.url, cluster.ca, "shop-prod", "dev-token")


@pytest.fixture
def make(client: Client) -> Iterator[Fixtures]:
    fixtures = Fixtures(client, [])
    yield fixtures
    fixtures.clean()


def failure(message: str, reason: str, code: int, details: Document | None = None) -> Document:
    status: Document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
    }
    return status | ({} if details is None else {"details": details}) | {"code": code}


def notice(message: str) -> Document:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "message": message,
        "code": 200,
    }


def not_accepted(name: str) -> Document:
    return failure(f'the webhook "generic" for "{name}" did not accept your secret', "Unauthorized", 401)


def env_of(build: Document) -> list[Document]:
    strategy = build["spec"]["strategy"]
    details = strategy.get("jenkinsPipelineStrategy") or strategy["sourceStrategy"]
    return list(details["env"])


def builds_of(client: Client, name: str) -> list[str]:
    query = f"?labelSelector={quote(f'openshift.io/build-config.name={name}')}"
    listed = client.call("GET", client.path("builds") + query).document
    return [build["metadata"]["name"] for build in listed["items"]]


# Section 7: BuildConfigs


def test_build_config_is_completed_with_defaults(client: Client, make: Fixtures) -> None:
    name = make.build_config({"secret": "inl", "allowEnv": True})
    config = client.call("GET", client.path("buildconfigs", name)).document
    assert (config["kind"], config["apiVersion"]) == ("BuildConfig", "build.openshift.io/v1")
    assert config["metadata"]["namespace"] == client.project
    assert config["spec"] == {
        "triggers": [{"type": "Generic", "generic": {"secret": "inl", "allowEnv": True}}],
        "runPolicy": "Serial",
        "source": {"type": "None"},
        "strategy": PIPELINE,
        "output": {},
        "resources": {},
        "postCommit": {},
        "nodeSelector": None,
        "successfulBuildsHistoryLimit": 5,
        "failedBuildsHistoryLimit": 5,
    }
    assert config["status"] == {"lastVersion": 0}


def test_allow_env_false_is_left_out(client: Client, make: Fixtures) -> None:
    name = make.pipeline(allow_env=False)
    config = client.call("GET", client.path("buildconfigs", name)).document
    assert config["spec"]["triggers"] == [{"type": "Generic", "generic": {"secret": SECRET}}]


def test_generic_trigger_without_secret_is_invalid(client: Client) -> None:
    triggers = [{"type": "Generic", "generic": {"allowEnv": True}}]
    body = {"metadata": {"name": "noref"}, "spec": {"strategy": PIPELINE, "triggers": triggers}}
    answer = client.call("POST", client.path("buildconfigs"), _build_config(body))
    problem = (
        'Invalid value: {"Secret":"","AllowEnv":true,"SecretReference":null}: '
        "must provide a value for at least one of secret or secretReference"
    )
    assert answer.code == 422
    assert answer.document == _invalid("BuildConfig", "noref", "spec.triggers[0].generic", problem)


def test_build_config_without_strategy_is_invalid(client: Client) -> None:
    body = {"metadata": {"name": "nostrat"}, "spec": {}}
    answer = client.call("POST", client.path("buildconfigs"), _build_config(body))
    problem = (
        'Invalid value: {"DockerStrategy":null,"SourceStrategy":null,"CustomStrategy":null,'
        '"JenkinsPipelineStrategy":null}: must provide a value for exactly one of sourceStrategy, '
        "customStrategy, dockerStrategy, or jenkinsPipelineStrategy"
    )
    assert answer.code == 422
    assert answer.document == _invalid("BuildConfig", "nostrat", "spec.strategy", problem)


def test_second_build_config_of_a_name_conflicts(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    body = {"metadata": {"name": name}, "spec": {"strategy": PIPELINE}}
    answer = client.call("POST", client.path("buildconfigs"), _build_config(body))
    details = {"name": name, "group": "build.openshift.io", "kind": "buildconfigs"}
    message = f'buildconfigs.build.openshift.io "{name}" already exists'
    assert (answer.code, answer.document) == (409, failure(message, "AlreadyExists", 409, details))


def test_missing_build_config_is_not_found(client: Client) -> None:
    answer = client.call("GET", client.path("buildconfigs", "missing"))
    details = {"name": "missing", "group": "build.openshift.io", "kind": "buildconfigs"}
    message = 'buildconfigs.build.openshift.io "missing" not found'
    assert (answer.code, answer.document) == (404, failure(message, "NotFound", 404, details))
    assert answer.content_type == "application/json"


def test_delete_names_what_is_gone(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    path = client.path("buildconfigs", name)
    uid = client.call("GET", path).document["metadata"]["uid"]
    answer = client.call("DELETE", path)
    make.made.remove(path)
    assert answer.code == 200
    assert answer.document == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": name, "group": "build.openshift.io", "kind": "buildconfigs", "uid": uid},
    }


def _build_config(body: Document) -> Document:
    return {"apiVersion": "build.openshift.io/v1", "kind": "BuildConfig"} | body


def _invalid(kind: str, name: str, field: str, problem: str) -> Document:
    message = f'{kind}.build.openshift.io "{name}" is invalid: {field}: {problem}'
    cause = {"reason": "FieldValueInvalid", "message": problem, "field": field}
    details = {"name": name, "group": "build.openshift.io", "kind": kind, "causes": [cause]}
    return failure(message, "Invalid", 422, details)


# Section 8: the generic webhook, with the right secret


def test_webhook_answers_the_build_as_plain_text(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    config = client.call("GET", client.path("buildconfigs", name)).document
    answer = client.trigger(name, SECRET, {"env": ENV})
    build = answer.document
    assert (answer.code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert (build["kind"], build["apiVersion"]) == ("Build", "build.openshift.io/v1")
    metadata = build["metadata"]
    assert metadata["name"] == f"{name}-1"
    assert metadata["labels"] == {
        "buildconfig": name,
        "openshift.io/build-config.name": name,
        "openshift.io/build.start-policy": "Serial",
    }
    assert metadata["annotations"] == {"openshift.io/build-config.name": name, "openshift.io/build.number": "1"}
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "build.openshift.io/v1",
            "kind": "BuildConfig",
            "name": name,
            "uid": config["metadata"]["uid"],
            "controller": True,
        }
    ]
    assert build["spec"] == {
        "serviceAccount": "builder",
        "source": {"type": "None"},
        "strategy": {
            "type": "JenkinsPipeline",
            "jenkinsPipelineStrategy": {"jenkinsfile": "echo 1", "env": ENV},
        },
        "output": {},
        "resources": {},
        "postCommit": {},
        "nodeSelector": None,
        "triggeredBy": [{"message": "Generic WebHook", "genericWebHook": {"secret": "<secret>"}}],
    }
    [condition] = build["status"].pop("conditions")
    assert (condition["type"], condition["status"]) == ("New", "True")
    assert build["status"] == {
        "phase": "New",
        "config": {"kind": "BuildConfig", "namespace": client.project, "name": name},
        "output": {},
    }


def test_build_is_there_and_counted(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    answered = client.trigger(name, SECRET, {"env": ENV}).document
    build = client.call("GET", client.path("builds", f"{name}-1")).document
    config = client.call("GET", client.path("buildconfigs", name)).document
    assert build["spec"] == answered["spec"]
    assert (config["status"]["lastVersion"], config["metadata"]["generation"]) == (1, 2)


def test_request_env_follows_the_env_it_leaves(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    build = client.trigger(name, SECRET, {"env": [{"name": "FOO", "value": "1"}]}).document
    assert env_of(build) == [{"name": "BASE", "value": "bc"}, {"name": "FOO", "value": "1"}]


def test_env_is_ignored_without_a_word_unless_allowed(client: Client, make: Fixtures) -> None:
    answer = client.trigger(make.pipeline(allow_env=False), SECRET, {"env": ENV})
    assert answer.code == 200
    assert env_of(answer.document) == [{"name": "BASE", "value": "bc"}]


def test_value_from_is_accepted(client: Client, make: Fixtures) -> None:
    variable = {"name": "N", "valueFrom": {"secretKeyRef": {"name": "hook", "key": "WebHookSecretKey"}}}
    build = client.trigger(make.pipeline(), SECRET, {"env": [variable]}).document
    assert env_of(build) == [{"name": "BASE", "value": "bc"}, variable]


def test_content_type_may_have_a_charset(client: Client, make: Fixtures) -> None:
    body = b'{"env": [{"name": "FOO", "value": "bar"}, {"name": "BASE", "value": "hook"}]}'
    answer = client.trigger(make.pipeline(), SECRET, body, "application/json; charset=utf-8")
    assert env_of(answer.document) == ENV


def test_empty_json_body_is_no_warning(client: Client, make: Fixtures) -> None:
    answer = client.trigger(make.pipeline(), SECRET, b"")
    assert answer.document["kind"] == "Build"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_type_builds_without_the_payload(
    client: Client, make: Fixtures, content_type: str | None
) -> None:
    answer = client.trigger(make.pipeline(), SECRET, {"env": ENV}, content_type)
    build, status = answer.documents
    assert (answer.code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert env_of(build) == [{"name": "BASE", "value": "bc"}]
    assert status == notice("invalid Content-Type on payload, ignoring payload and continuing with build")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"env":[', "unexpected end of JSON input"),
        (
            b'{"env":[{"name":"N","value":5}]}',
            "json: cannot unmarshal number into Go struct field EnvVar.env.value of type string",
        ),
    ],
)
def test_unreadable_json_builds_without_the_payload(client: Client, make: Fixtures, body: bytes, problem: str) -> None:
    answer = client.trigger(make.pipeline(), SECRET, body)
    build, status = answer.documents
    assert answer.code == 200
    assert env_of(build) == [{"name": "BASE", "value": "bc"}]
    assert status == notice(f"error unmarshalling payload: {problem}, ignoring payload and continuing with build")


def test_yaml_is_read(client: Client, make: Fixtures) -> None:
    body = b'env:\n- name: FOO\n  value: "1"\n'
    build = client.trigger(make.pipeline(), SECRET, body, "application/yaml").document
    assert env_of(build) == [{"name": "BASE", "value": "bc"}, {"name": "FOO", "value": "1"}]


def test_yaml_y_is_a_boolean(client: Client, make: Fixtures) -> None:
    body = b'env:\n- name: Y\n  value: "1"\n'
    build, status = client.trigger(make.pipeline(), SECRET, body, "application/yaml").documents
    assert env_of(build) == [{"name": "BASE", "value": "bc"}]
    assert status == notice(
        "error unmarshalling payload: json: cannot unmarshal bool into Go struct field EnvVar.env.name "
        "of type string, ignoring payload and continuing with build"
    )


def test_git_source_without_git_in_the_payload_warns_and_applies_env(client: Client, make: Fixtures) -> None:
    answer = client.trigger(make.git_config(), SECRET, {"env": ENV})
    build, status = answer.documents
    assert (answer.code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert env_of(build) == ENV
    assert status == notice("no git information found in payload, ignoring and continuing with build")


def test_git_payload_becomes_the_revision(client: Client, make: Fixtures) -> None:
    author = {"name": "A", "email": "a@b"}
    event = GIT | {"commit": COMMIT, "author": author, "message": "msg"}
    build = client.trigger(make.git_config(), SECRET, {"env": ENV, "git": event}).document
    git = {"commit": COMMIT, "author": author, "committer": {}, "message": "msg"}
    revision = {"type": "Git", "git": git}
    assert build["spec"]["revision"] == revision
    assert build["spec"]["triggeredBy"] == [
        {"message": "Generic WebHook", "genericWebHook": {"revision": revision, "secret": "<secret>"}}
    ]


def test_other_branch_makes_no_build(client: Client, make: Fixtures) -> None:
    name = make.git_config()
    answer = client.trigger(name, SECRET, {"git": GIT | {"ref": "dev", "commit": COMMIT}})
    assert (answer.code, answer.content_type) == (200, "application/json")
    assert answer.document == notice('skipping build. Branch reference from "dev" does not match configuration')
    assert builds_of(client, name) == []


def test_trigger_that_matched_decides_about_env(client: Client, make: Fixtures) -> None:
    name = make.build_config({"secret": "one"}, {"secret": "two", "allowEnv": True})
    assert env_of(client.trigger(name, "one", {"env": ENV}).document) == [{"name": "BASE", "value": "bc"}]
    assert env_of(client.trigger(name, "two", {"env": ENV}).document) == ENV


@pytest.mark.parametrize("secret", ["s3cret", "a b%", "a+b=", "grüß"])
def test_secret_from_a_secret_object(client: Client, make: Fixtures, secret: str) -> None:
    reference = {"name": make.secret({"WebHookSecretKey": secret})}
    name = make.build_config({"secretReference": reference})
    assert client.trigger(name, secret).documents[0]["metadata"]["name"] == f"{name}-1"


# Section 8: refusals


def test_wrong_secret(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    answer = client.trigger(name, "wrong", {"env": ENV})
    assert (answer.code, answer.content_type) == (401, "application/json")
    assert answer.document == not_accepted(name)
    assert builds_of(client, name) == []


def test_missing_build_config_answers_like_a_wrong_secret(client: Client) -> None:
    answer = client.trigger("missing", SECRET, {"env": ENV})
    assert (answer.code, answer.document) == (401, not_accepted("missing"))


def test_missing_project_answers_like_a_wrong_secret(client: Client) -> None:
    answer = replace(client, project="contract-no-such-project").trigger("pipe", SECRET, {"env": ENV})
    assert (answer.code, answer.document) == (401, not_accepted("pipe"))


def test_no_trigger_answers_like_a_wrong_secret(client: Client, make: Fixtures) -> None:
    name = make.build_config()
    answer = client.trigger(name, SECRET)
    assert (answer.code, answer.document) == (401, not_accepted(name))


@pytest.mark.parametrize("values", [{"other": SECRET}, {"WebHookSecretKey": f"{SECRET}\n"}])
def test_secret_object_without_the_secret(client: Client, make: Fixtures, values: dict[str, str]) -> None:
    name = make.build_config({"secretReference": {"name": make.secret(values)}})
    answer = client.trigger(name, SECRET)
    assert (answer.code, answer.document) == (401, not_accepted(name))


def test_missing_secret_object(client: Client, make: Fixtures) -> None:
    name = make.build_config({"secretReference": {"name": "contract-absent"}})
    answer = client.trigger(name, SECRET)
    assert (answer.code, answer.document) == (401, not_accepted(name))


@pytest.mark.parametrize("secret", [SECRET, "wrong"])
def test_no_token_is_forbidden_whatever_the_secret(client: Client, make: Fixtures, secret: str) -> None:
    name = make.pipeline()
    answer = replace(client, token=None).trigger(name, secret, {"env": ENV})
    message = (
        f'buildconfigs.build.openshift.io "{name}" is forbidden: User "system:anonymous" cannot create '
        'resource "buildconfigs/webhooks" in API group "build.openshift.io" '
        f'in the namespace "{client.project}"'
    )
    details = {"name": name, "group": "build.openshift.io", "kind": "buildconfigs"}
    assert (answer.code, answer.document) == (403, failure(message, "Forbidden", 403, details))


def test_bad_token_is_unauthorized_with_the_right_secret(client: Client, make: Fixtures) -> None:
    answer = replace(client, token="no-such-token").trigger(make.pipeline(), SECRET, {"env": ENV})
    assert (answer.code, answer.document) == (401, failure("Unauthorized", "Unauthorized", 401))


def test_unknown_hook_type(client: Client, make: Fixtures) -> None:
    answer = client.call("POST", client.hook(make.pipeline(), SECRET, "bogus"), {"env": ENV})
    details = {"name": "bogus", "group": "build.openshift.io", "kind": "buildconfighook"}
    message = 'buildconfighook.build.openshift.io "bogus" not found'
    assert (answer.code, answer.document) == (404, failure(message, "NotFound", 404, details))


def test_hook_type_not_enabled(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    answer = client.call("POST", client.hook(name, SECRET, "github"), {"env": ENV})
    message = f'the webhook "github" for "{name}" did not accept your secret'
    assert (answer.code, answer.document) == (401, failure(message, "Unauthorized", 401))


@pytest.mark.parametrize(
    ("subpath", "seen"),
    [("/s3cret", "/s3cret"), ("/a%2Fb/generic", "/a/b/generic"), ("//generic", "/generic")],
)
def test_odd_hook_path(client: Client, make: Fixtures, subpath: str, seen: str) -> None:
    path = client.path("buildconfigs", make.pipeline(), "webhooks") + subpath
    answer = client.call("POST", path, {"env": ENV})
    message = f"unexpected hook subpath {seen}"
    assert (answer.code, answer.document) == (400, failure(message, "BadRequest", 400))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_method(client: Client, make: Fixtures, method: str) -> None:
    answer = client.call(method, client.hook(make.pipeline(), SECRET))
    message = "the server does not allow this method on the requested resource"
    assert (answer.code, answer.document) == (405, failure(message, "MethodNotAllowed", 405, {}))


def test_malformed_content_type(client: Client, make: Fixtures) -> None:
    answer = client.trigger(make.pipeline(), SECRET, {"env": ENV}, "a/b; =")
    message = "error parsing Content-Type: mime: invalid media parameter"
    assert (answer.code, answer.document) == (400, failure(message, "BadRequest", 400))


def test_dry_run_is_refused_and_other_queries_are_not(client: Client, make: Fixtures) -> None:
    path = client.hook(make.pipeline(), SECRET)
    answer = client.call("POST", f"{path}?dryRun=All", {"env": ENV})
    assert (answer.code, answer.document) == (400, failure("dryRun is not supported", "BadRequest", 400))
    assert client.call("POST", f"{path}?x=y", {"env": ENV}).document["kind"] == "Build"


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        (
            "a b=",
            'Invalid value: "a b=": a valid environment variable name must consist of alphabetic '
            "characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  "
            "or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
        ),
        ("", "Required value"),
    ],
)
def test_bad_variable_name(client: Client, make: Fixtures, variable: str, problem: str) -> None:
    name = make.pipeline()
    answer = client.trigger(name, SECRET, {"env": [{"name": variable, "value": "x"}]})
    message = (
        f'could not generate a build: Build.build.openshift.io "{name}-1" is invalid: '
        f"spec.strategy.jenkinsPipelineStrategy.env[1].name: {problem}"
    )
    assert (answer.code, answer.document) == (500, _internal_error(message))


def test_paused_build_config(client: Client, make: Fixtures) -> None:
    paused = {"openshift.io/build-config.paused": "true"}
    name = make.build_config({"secret": SECRET}, annotations=paused)
    answer = client.trigger(name, SECRET, {"env": ENV})
    message = (
        f"could not generate a build: can't instantiate from BuildConfig {client.project}/{name}: BuildConfig is paused"
    )
    assert (answer.code, answer.document) == (500, _internal_error(message))


def test_body_over_the_limit(client: Client, make: Fixtures) -> None:
    answer = client.trigger(make.pipeline(), SECRET, {"env": [{"name": "BIG", "value": "x" * 4194304}]})
    message = "could not generate a build: Request entity too large: limit is 3145728"
    assert (answer.code, answer.document) == (500, _internal_error(message))


def _internal_error(message: str) -> Document:
    details = {"causes": [{"message": message}]}
    return failure(f"Internal error occurred: {message}", "InternalError", 500, details)


# Section 9: instantiate and builds


def test_instantiate_merges_env_whatever_the_trigger_allows(client: Client, make: Fixtures) -> None:
    name = make.pipeline(allow_env=False)
    request = _build_request(name) | {
        "env": [{"name": "FOO", "value": "inst"}],
        "triggeredBy": [{"message": "by test"}],
    }
    answer = client.call("POST", client.path("buildconfigs", name, "instantiate"), request)
    build = answer.document
    assert (answer.code, answer.content_type) == (201, "application/json")
    assert (build["metadata"]["name"], build["status"]["phase"]) == (f"{name}-1", "New")
    assert env_of(build) == [{"name": "BASE", "value": "bc"}, {"name": "FOO", "value": "inst"}]
    assert build["spec"]["triggeredBy"] == [{"message": "by test"}]


def test_instantiate_of_another_name_is_forbidden(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    answer = client.call("POST", client.path("buildconfigs", name, "instantiate"), _build_request("other"))
    assert (answer.code, answer.document) == (403, _no_config(name, "other"))


def test_instantiate_of_a_missing_build_config_is_forbidden(client: Client) -> None:
    path = client.path("buildconfigs", "missing", "instantiate")
    answer = client.call("POST", path, _build_request("missing"))
    assert (answer.code, answer.document) == (403, _no_config("missing", "missing"))


def test_instantiate_with_another_last_version(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    path = client.path("buildconfigs", name, "instantiate")
    answer = client.call("POST", path, _build_request(name) | {"lastVersion": 1})
    message = (
        f"the LastVersion(0) on build config {client.project}/{name} does not match the build request LastVersion(1)"
    )
    assert (answer.code, answer.document) == (400, failure(message, "BadRequest", 400))


@pytest.mark.parametrize("label", ["openshift.io/build-config.name", "buildconfig"])
def test_builds_are_listed_by_build_config_page_by_page(client: Client, make: Fixtures, label: str) -> None:
    name, other = make.pipeline(), make.pipeline()
    for trigger in (name, other, name):
        client.trigger(trigger, SECRET)
    query = f"?limit=1&labelSelector={quote(f'{label}={name}')}"
    first = client.call("GET", client.path("builds") + query).document
    more = f"&continue={quote(first['metadata']['continue'])}"
    second = client.call("GET", client.path("builds") + query + more).document
    assert (first["kind"], first["apiVersion"]) == ("BuildList", "build.openshift.io/v1")
    assert [list(item) for item in first["items"]] == [["metadata", "spec", "status"]]
    assert [item["metadata"]["name"] for item in first["items"]] == [f"{name}-1"]
    assert [item["metadata"]["name"] for item in second["items"]] == [f"{name}-2"]
    assert "continue" not in second["metadata"]


def test_pipeline_build_has_no_log_and_ends_for_good(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    client.trigger(name, SECRET)
    path = client.path("builds", f"{name}-1")
    assert client.call("PATCH", path, {"status": {"phase": "Complete"}}, MERGE_PATCH).code == 200
    log = client.call("GET", f"{path}/log?follow=true")
    message = f'pod "{name}-1-build" not found'
    assert (log.code, log.document) == (400, failure(message, "BadRequest", 400))
    answer = client.call("PATCH", path, {"status": {"phase": "Failed"}}, MERGE_PATCH)
    problem = 'Invalid value: "Failed": phase cannot be updated from a terminal state'
    assert (answer.code, answer.document) == (422, _invalid("Build", f"{name}-1", "status.phase", problem))


def test_cancel_is_taken_note_of(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    client.trigger(name, SECRET)
    path = client.path("builds", f"{name}-1")
    answer = client.call("PATCH", path, {"status": {"cancelled": True}}, MERGE_PATCH)
    assert answer.code == 200
    assert answer.document["status"]["cancelled"] is True
    assert client.call("GET", path).document["status"]["cancelled"] is True


def _build_request(name: str) -> Document:
    return {"apiVersion": "build.openshift.io/v1", "kind": "BuildRequest", "metadata": {"name": name}}


def _no_config(name: str, missing: str) -> Document:
    message = (
        f'buildconfigs.build.openshift.io "{name}" is forbidden: buildconfigs.build.openshift.io "{missing}" not found'
    )
    details = {"name": name, "group": "build.openshift.io", "kind": "buildconfigs"}
    return failure(message, "Forbidden", 403, details)


# Sections 1, 3, 10 and 13: who asks, and how


def test_bad_token_is_unauthorized(client: Client) -> None:
    answer = replace(client, token="no-such-token").call("GET", client.path("builds"))
    assert (answer.code, answer.document) == (401, failure("Unauthorized", "Unauthorized", 401))


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Bearer "])
def test_no_token_is_forbidden_as_anonymous(client: Client, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = replace(client, token=None).call("GET", client.path("builds"), headers=headers)
    message = (
        'builds.build.openshift.io is forbidden: User "system:anonymous" cannot list resource "builds" '
        f'in API group "build.openshift.io" in the namespace "{client.project}"'
    )
    details = {"group": "build.openshift.io", "kind": "builds"}
    assert (answer.code, answer.document) == (403, failure(message, "Forbidden", 403, details))


def test_bearer_in_lower_case(client: Client) -> None:
    headers = {"Authorization": f"bearer {client.token}"}
    assert replace(client, token=None).call("GET", client.path("builds"), headers=headers).code == 200


def test_legacy_path_is_not_served(client: Client) -> None:
    answer = client.call("GET", f"/oapi/v1/namespaces/{client.project}/buildconfigs")
    assert (answer.code, answer.content_type) == (404, "text/plain; charset=utf-8")
    assert answer.text == "404 page not found\n"


def test_trailing_slash_is_the_same_object(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    assert client.call("GET", client.path("buildconfigs", name) + "/").document["metadata"]["name"] == name


def test_double_slash_is_no_path(client: Client) -> None:
    answer = client.call("GET", f"{BUILD_API}//namespaces/{client.project}/builds")
    message = "the server could not find the requested resource"
    assert (answer.code, answer.document) == (404, failure(message, "NotFound", 404, {}))


def test_html_is_not_acceptable(client: Client, make: Fixtures) -> None:
    answer = client.call("GET", client.path("buildconfigs", make.pipeline()), headers={"Accept": "text/html"})
    assert (answer.code, answer.document["reason"]) == (406, "NotAcceptable")


def test_head_is_not_allowed(client: Client) -> None:
    assert client.call("HEAD", client.path("builds", "any")).code == 405


def test_watch_shows_what_is_there(client: Client, make: Fixtures) -> None:
    name = make.pipeline()
    client.trigger(name, SECRET)
    query = f"?watch=1&timeoutSeconds=1&labelSelector={quote(f'buildconfig={name}')}"
    first = client.call("GET", client.path("builds") + query).documents[0]
    assert (first["type"], first["object"]["kind"]) == ("ADDED", "Build")
    assert first["object"]["metadata"]["name"] == f"{name}-1"
