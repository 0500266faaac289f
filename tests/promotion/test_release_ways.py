"""Ways to release: a part of it, in shards, on trial, within gates, into clusters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.faults import FaultyProxy
from tests.support.fleet import APPLICATIONS, Fleet
from tests.support.shop import Shop, writes
from tests.support.tokens import TokenService

OTHER = f"sha256:{'a' * 64}"


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Four applications, none of which is in production."""
    return Fleet(shop)


class TestKeepGoing:
    def test_what_could_be_brought_is_flipped(self, fleet: Fleet) -> None:
        fleet.write(*fleet.lines, "stage/gone:1.0 prod", "stage/gone:2.0 prod")
        taken = fleet.image("web", 0)
        fleet.prod("web").push(taken)

        outcome = fleet.run("--keep-going")

        assert outcome.exit_code == outcome.error["exit_code"] == 10
        assert fleet.digests() == fleet.wanted | {"web": taken.digest}
        document = json.loads(outcome.stdout)
        errors = {tag["destination"]: tag["error"] for tag in document["tags"] if tag["error"]}
        assert document["status"] == "partly-done"
        assert [error["exit_code"] for error in errors.values()] == [3, 4, 4]
        gone = [f"{fleet.shop.prod.registry.host}/shop-dev/gone:{tag}" for tag in ("1.0", "2.0")]
        assert list(errors) == [f"{fleet.prod('web')}:1.0", *gone]
        for tag, line, name in (("1.0", 5, gone[0]), ("2.0", 6, gone[1])):
            source = f"{fleet.shop.stage.registry.host}/shop-dev/gone:{tag}"
            assert errors[name]["message"] == f"{source} ({fleet.file}, line {line}) is not there."
        assert errors[f"{fleet.prod('web')}:1.0"]["message"].endswith(
            f"is {taken.digest}: another digest has taken it."
        )
        assert [tag["status"] for tag in document["tags"] if not tag["error"]] == ["promoted"] * 3
        assert [len(fleet.history(name)) for name in APPLICATIONS if name != "web"] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            pytest.param("POST", "/api/blobs/uploads/", id="that would have brought shared blobs"),
            pytest.param("PUT", "/api/manifests/sha256:", id="whose manifest is refused"),
            pytest.param("PUT", "/api/manifests/1.0$", id="whose tag is refused"),
        ],
    )
    def test_a_repository_that_takes_nothing_keeps_no_other_from_it(
        self, method: str, path: str, fleet: Fleet, before_prod: FaultyProxy
    ) -> None:
        before_prod.when(method, path.replace("api", fleet.repository("api"))).answer(403)

        outcome = fleet.run("--keep-going")

        assert outcome.exit_code == 10
        assert fleet.digests() == fleet.wanted | {"api": None}
        [failed] = [tag for tag in json.loads(outcome.stdout)["tags"] if tag["error"]]
        assert (failed["destination"], failed["error"]["exit_code"]) == (
            f"{before_prod.host}/{fleet.prod('api').repository}:1.0",
            5,
        )

    def test_where_nothing_could_be_flipped_it_ends_with_the_first_failure(self, fleet: Fleet) -> None:
        fleet.released()
        outcome = fleet.run("--keep-going")
        assert (outcome.exit_code, json.loads(outcome.stdout)["status"]) == (3, "failed")

    def test_where_nothing_could_be_brought_nothing_is_said_of_flips(
        self, fleet: Fleet, before_prod: FaultyProxy
    ) -> None:
        before_prod.when("POST", "/blobs/uploads/").answer(403)
        outcome = fleet.run("--keep-going")
        assert (outcome.exit_code, json.loads(outcome.stdout)["status"]) == (5, "failed")
        assert "flipped" not in outcome.stderr


class TestShards:
    def test_together_they_bring_everything_once_and_the_release_flips(self, fleet: Fleet) -> None:
        parts = []
        for shard in ("1/3", "2/3", "3/3"):
            with fleet.shop.prod.registry.recording() as seen:
                result = fleet.run(f"--shard={shard}").result
            assert {tag["status"] for tag in result["tags"]} == {result["status"]} == {"staged"}
            assert result["blobs"]["uploaded"] == len(seen.uploads) > 0
            assert seen.manifest_puts == []
            parts.append(seen.uploads)
        assert sorted(digest for part in parts for digest in part) == sorted(fleet.blobs)
        assert set(fleet.digests().values()) == {None}

        with fleet.shop.prod.registry.recording() as seen:
            result = fleet.run().result

        assert (result["status"], fleet.uploads(seen)) == ("promoted", [])
        assert fleet.digests() == fleet.wanted

    def test_the_cut_is_always_the_same(self, fleet: Fleet) -> None:
        with fleet.shop.prod.registry.recording() as first:
            assert fleet.run("--shard=2/3").exit_code == 0
        with fleet.shop.prod.registry.recording() as again:
            result = fleet.run("--shard=2/3").result
        assert len(first.uploads) == result["blobs"]["present"]
        assert again.uploads == []

    def test_what_a_shard_leaves_out_is_told_by_the_release_alone(self, fleet: Fleet) -> None:
        fleet.write(*fleet.lines, "stage/gone:1.0 prod")
        for shard in ("1/2", "2/2"):
            result = fleet.run(f"--shard={shard}", "--keep-going").result
            assert [tag["status"] for tag in result["tags"]] == ["staged"] * len(APPLICATIONS) + ["failed"]

        with fleet.shop.prod.registry.recording() as seen:
            outcome = fleet.run("--keep-going")

        assert (outcome.exit_code, fleet.uploads(seen)) == (10, [])
        assert fleet.digests() == fleet.wanted

    @pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3", "", "1/10000"])
    def test_what_is_no_shard_is_refused_before_anything_is_sent(self, shard: str, fleet: Fleet) -> None:
        with fleet.shop.prod.registry.recording() as seen:
            outcome = fleet.run(f"--shard={shard}")
        assert outcome.exit_code == 2
        assert f"{shard!r} is no shard" in outcome.error["message"]
        assert seen.requests == []


class TestDryRun:
    def test_tells_what_would_be_brought_and_changes_nothing(self, fleet: Fleet) -> None:
        with fleet.shop.prod.registry.recording() as seen:
            result = fleet.run("--dry-run").result

        assert writes(seen) == []
        assert {tag["status"] for tag in result["tags"]} == {result["status"]} == {"planned"}
        assert result["blobs"] == {"total": 16, "uploaded": 10, "mounted": 6, "present": 0}
        assert result["estimated_seconds"] > 0
        brought = fleet.run().result
        assert (result["blobs"], result["bytes_uploaded"]) == (brought["blobs"], brought["bytes_uploaded"])
        assert result["digest"] == brought["digest"]

    def test_tells_what_is_there(self, fleet: Fleet) -> None:
        fleet.released()
        result = fleet.run("--dry-run", "--force").result
        assert result["blobs"] == {"total": 16, "uploaded": 8, "mounted": 0, "present": 8}
        assert [tag["previous_digest"] for tag in result["tags"]] == [
            fleet.image(name, 0).digest for name in APPLICATIONS
        ]

    def test_tells_that_nothing_is_to_be_done(self, fleet: Fleet) -> None:
        assert fleet.run().exit_code == 0
        result = fleet.run("--dry-run").result
        assert (result["status"], result["estimated_seconds"]) == ("unchanged", None)

    def test_within_a_registry_there_is_nothing_to_estimate(self, two_projects: Shop) -> None:
        result = Fleet(two_projects).run("--dry-run").result
        assert result["blobs"] == {"total": 16, "uploaded": 0, "mounted": 16, "present": 0}
        assert result["estimated_seconds"] is None

    def test_says_so_to_people(self, fleet: Fleet) -> None:
        fleet.shop.configure()
        words = fleet.shop.promoter.run("release", fleet.file, "--dry-run", json=False).stdout
        assert "planned: release" in words
        assert "blobs      16: 10 uploaded" in words
        assert "digest     sha256:" in words
        assert "estimated  " in words


class TestGates:
    @pytest.fixture
    def gated(self, fleet: Fleet, token_service: TokenService) -> Fleet:
        """The applications, whose route asks for a sign-off and an approval; zoe asks for the release."""
        fleet.shop.log_in("stage", token_service.mint("system:serviceaccount:shop-dev:ci", {"shop-dev": "pull,push"}))
        gates: dict[str, Any] = {"sign-offs": ["billing"], "approval": {"by": ["alice", "bob"]}}
        fleet.shop.routes = [{"from": "stage", "to": "prod", "gates": gates}]
        fleet.shop.promoter.environment["USER"] = "zoe"
        return fleet

    def test_open_gates_are_named_together(self, gated: Fleet) -> None:
        with gated.shop.prod.registry.recording() as seen:
            outcome = gated.run()
        assert outcome.exit_code == 3
        assert outcome.error["message"].startswith("4 tags of the release may not flip yet; open is: ")
        assert outcome.error["message"].count("sign-off by billing, approval by 1 of alice, bob") == 4
        assert writes(seen) == []

    def test_an_approval_is_of_the_release_as_a_whole(self, gated: Fleet) -> None:
        del gated.shop.routes[0]["gates"]["sign-offs"]
        planned = gated.run("--dry-run").result
        assert planned["tags"][0]["open_gates"] == ["approval by 1 of alice, bob"]
        approval = ("--approval=alice: release 7", f"--approved-digest={planned['digest']}")

        assert gated.run(*approval).result["status"] == "promoted"

        assert {gated.history(name)[0]["approved_by"] for name in APPLICATIONS} == {"alice: release 7"}
        assert gated.run(*approval).result["status"] == "unchanged"

    @pytest.mark.parametrize(
        ("flags", "code", "said"),
        [
            (("--approval=alice",), 2, "does not say of what"),
            (("--approval=alice", "--approved-digest=7"), 2, "is not a digest"),
            (
                ("--approval=alice", f"--approved-digest={OTHER}"),
                3,
                f"Approved was {OTHER}, but the release is sha256:",
            ),
            ((f"--approved-digest={OTHER}",), 3, f"Approved was {OTHER}"),
        ],
    )
    def test_an_approval_of_something_else_is_refused(
        self, flags: tuple[str, ...], code: int, said: str, gated: Fleet
    ) -> None:
        with gated.shop.prod.registry.recording() as seen:
            outcome = gated.run(*flags)
        assert outcome.exit_code == code
        assert said in outcome.error["message"]
        assert writes(seen) == []

    @pytest.mark.parametrize(("who", "why"), [("zoe", "asks for it"), ("mallory", "is not listed")])
    def test_who_may_not_approve_is_refused(self, who: str, why: str, gated: Fleet) -> None:
        outcome = gated.run(f"--approval={who}", f"--approved-digest={gated.run('--dry-run').result['digest']}")
        assert outcome.exit_code == 3
        assert why in outcome.error["message"]
        assert set(gated.digests().values()) == {None}

    def test_each_route_asks_its_own_people(self, gated: Fleet) -> None:
        shop = gated.shop
        shop.environments["qa"] = {**shop.environments["prod"], "project": "shop-qa"}
        shop.routes = [
            {"from": "stage", "to": to, "gates": {"approval": {"by": [person]}}}
            for to, person in (("prod", "alice"), ("qa", "bob"))
        ]
        gated.write(*(f"{line} qa" for line in gated.lines))
        digest = f"--approved-digest={gated.run('--dry-run').result['digest']}"

        alone = gated.run("--approval=alice", digest)
        assert alone.exit_code == 3
        assert alone.error["message"].count("approval by 1 of bob") == len(APPLICATIONS)
        assert "approval by 1 of alice" not in alone.error["message"]

        assert gated.run("--approval=alice", "--approval=bob", digest).result["status"] == "promoted"
        assert gated.history("web")[0]["approved_by"] == "alice"

    def test_an_approval_that_no_route_asks_for_is_refused(self, fleet: Fleet) -> None:
        digest = fleet.run("--dry-run").result["digest"]
        outcome = fleet.run("--approval=alice", f"--approved-digest={digest}")
        assert outcome.exit_code == 2
        assert "no route of the release asks for one" in outcome.error["message"]

    @pytest.mark.parametrize("keep_going", [False, True])
    def test_a_rejection_that_arrives_while_images_are_brought_is_heeded(
        self, gated: Fleet, before_prod: FaultyProxy, keep_going: bool
    ) -> None:
        del gated.shop.routes[0]["gates"]["approval"]
        for name in APPLICATIONS:
            signed = f"stage/{gated.repository(name)}:1.0"
            assert gated.shop.run("sign-off", signed, "billing").exit_code == 0
        hold = before_prod.when("PUT", "/blobs/uploads/", times=1).hold()

        with gated.start(*(["--keep-going"] if keep_going else [])) as running:
            hold.wait_until_reached()
            rejected = f"stage/{gated.repository('web')}:1.0"
            assert gated.shop.run("sign-off", rejected, "billing", "--rejected").exit_code == 0
            hold.release()
            outcome = running.outcome()

        assert outcome.exit_code == (10 if keep_going else 3)
        brought = gated.wanted if keep_going else dict.fromkeys(APPLICATIONS)
        assert gated.digests() == brought | {"web": None}
        assert "open since the gates were looked at is: rejected by billing." in outcome.stdout

    def test_keeping_going_leaves_out_what_may_not_pass(self, gated: Fleet) -> None:
        del gated.shop.routes[0]["gates"]["approval"]
        signed = f"stage/{gated.repository('web')}:1.0"
        assert gated.shop.run("sign-off", signed, "billing").exit_code == 0
        outcome = gated.run("--keep-going")
        assert outcome.exit_code == 10
        assert gated.digests() == dict.fromkeys(APPLICATIONS) | {"web": gated.wanted["web"]}
        assert gated.history("web")[0]["signed_off_by"] == "billing"
