"""Declarative pipelines in the pipeline rig."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline import Approve, PipelineRig, Reject, StageRun, UsernamePassword

LIBRARY = Path(__file__).parent / "rig_cases" / "library"

POST = """
    post {
        cleanup { echo 'post: cleanup' }
        failure { echo 'post: failure' }
        success { echo 'post: success' }
        unstable { echo 'post: unstable' }
        unsuccessful { echo 'post: unsuccessful' }
        changed { echo 'post: changed' }
        fixed { echo 'post: fixed' }
        regression { echo 'post: regression' }
        aborted { echo 'post: aborted' }
        always { echo 'post: always' }
    }
"""


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path, {"greetings": LIBRARY}, implicit=["greetings"])


def pipeline(stages: str, more: str = "", agent: str = "any") -> str:
    return f"pipeline {{\nagent {agent}\nstages {{\n{stages}\n}}\n{more}\n}}"


def posts(log: str) -> list[str]:
    return [line.removeprefix("post: ") for line in log.splitlines() if line.startswith("post: ")]


@pytest.mark.parametrize(
    ("step", "previous", "expected"),
    [
        ("echo 'ok'", "SUCCESS", ["always", "success", "cleanup"]),
        ("echo 'ok'", "FAILURE", ["always", "changed", "fixed", "success", "cleanup"]),
        ("error 'no'", None, ["always", "changed", "unsuccessful", "failure", "cleanup"]),
        ("error 'no'", "SUCCESS", ["always", "changed", "regression", "unsuccessful", "failure", "cleanup"]),
        ("unstable 'hm'", "UNSTABLE", ["always", "unsuccessful", "unstable", "cleanup"]),
        ("input 'Go?'", "ABORTED", ["always", "aborted", "unsuccessful", "cleanup"]),
    ],
)
def test_post_conditions_in_order(rig: PipelineRig, step: str, previous: str | None, expected: list[str]) -> None:
    build = rig.run(
        pipeline(f"stage('a') {{ steps {{ {step} }} }}", POST),
        previous_result=previous,
        inputs={"Go?": Reject()},
    )

    assert posts(build.log) == expected


def test_an_error_in_post_fails_the_build_and_the_rest_of_post_runs(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            "stage('a') { steps { echo 'ok' } }",
            """post {
                always { error 'in always' }
                success { echo 'post: success' }
                failure { echo 'post: failure' }
                cleanup { echo 'post: cleanup' }
            }""",
        )
    )

    assert "Error when executing always post condition:\nERROR: in always\n" in build.log
    assert posts(build.log) == ["failure", "cleanup"]
    assert build.result == "FAILURE"


def test_a_failed_stage_runs_its_post_and_skips_the_later_ones(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            """
            stage('shaky') { steps { unstable 'hm' } }
            stage('bad') {
                steps { sh 'exit 3' }
                post {
                    failure { echo 'post: of the stage' }
                    success { echo 'post: never' }
                }
            }
            stage('late') { steps { echo 'never' } }
            """
        )
    )

    assert posts(build.log) == ["of the stage"]
    assert 'Stage "late" skipped due to earlier failure(s)\n' in build.log
    assert build.log.endswith("ERROR: script returned exit code 3\nFinished: FAILURE")
    assert build.stages == (
        StageRun("shaky", "UNSTABLE"),
        StageRun("bad", "FAILED"),
        StageRun("late", "SKIPPED"),
    )


def test_environment(rig: PipelineRig) -> None:
    build = rig.run(
        """
        pipeline {
            agent any
            environment {
                A = 'a'
                B = "${A}-b"
                MADE = sh(script: 'echo made', returnStdout: true).trim()
                TOKEN = credentials('token')
                LOGIN = credentials('login')
            }
            stages {
                stage('inner') {
                    environment { A = 'inner' }
                    steps { echo "inner ${A} ${env.B} ${MADE}" }
                }
                stage('outer') {
                    steps { sh 'echo "outer $A $TOKEN $LOGIN $LOGIN_USR $LOGIN_PSW"' }
                }
            }
        }
        """,
        credentials={"token": "a secret value", "login": UsernamePassword("somebody", "a password")},
    )

    assert "inner inner a-b made\n" in build.log
    assert "Masking supported pattern matches of $TOKEN or $LOGIN or $LOGIN_PSW\n" in build.log
    assert "outer a **** **** somebody ****\n" in build.log


def test_when(rig: PipelineRig) -> None:
    conditions = {
        "expression { params.WHO == 'me' }": True,
        "expression { return params.WHO != 'me' }": False,
        "branch 'release/*'": True,
        "branch 'main'": False,
        "environment name: 'WHO', value: 'me'": True,
        "not { environment name: 'WHO', value: 'me' }": False,
        "anyOf {\nbranch 'main'\nexpression { true }\n}": True,
        "allOf {\nbranch 'main'\nexpression { true }\n}": False,
        "beforeAgent true\nbranch 'main'": False,
        "equals expected: 2, actual: currentBuild.number": True,
    }
    stages = [
        f"stage('{number}') {{\nwhen {{\n{condition}\n}}\nsteps {{ echo 'ran {number}' }}\n}}"
        for number, condition in enumerate(conditions)
    ]

    build = rig.run(pipeline("\n".join(stages)), parameters={"WHO": "me"}, branch_name="release/1")

    assert build.result == "SUCCESS"
    for number, (condition, runs) in enumerate(conditions.items()):
        assert (f"ran {number}\n" in build.log) is runs, condition
        assert (f'Stage "{number}" skipped due to when conditional\n' in build.log) is not runs, condition
        assert build.stage(str(number)) == ("SUCCESS" if runs else "SKIPPED"), condition


def test_stages_nest_and_run_in_parallel(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            """
            stage('group') {
                stages {
                    stage('first') { steps { echo 'first' } }
                    stage('second') { steps { echo 'second' } }
                }
            }
            stage('side by side') {
                parallel {
                    stage('left') {
                        agent any
                        steps { sh 'pwd' }
                    }
                    stage('right') {
                        agent any
                        steps { error 'right failed' }
                    }
                }
            }
            """,
            agent="none",
        )
    )

    assert build.log.index("first\n") < build.log.index("second\n")
    assert f"{build.workspace}\n" in build.log
    assert f"Running on Jenkins in {build.workspace}@2\n" in build.log
    assert "Failed in branch right\n" in build.log
    assert (build.stage("left"), build.stage("right")) == ("SUCCESS", "FAILED")
    assert build.result == "FAILURE"


def test_input_of_a_stage_sets_variables_there_alone(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            """
            stage('approve') {
                input {
                    message 'Go?'
                    id 'gate'
                    submitter 'alice'
                    submitterParameter 'WHO'
                    parameters { string(name: 'WHY', defaultValue: '') }
                }
                steps { echo "approved by ${WHO}: ${env.WHY}" }
            }
            stage('later') { steps { echo "later ${env.WHO}" } }
            """,
            agent="none",
        ),
        inputs={"Gate": Approve(by="alice", parameters={"WHY": "tested"})},
    )

    assert "approved by alice: tested\n" in build.log
    assert "later null\n" in build.log


@pytest.mark.parametrize(
    ("submitter", "given", "says"),
    [
        ("submitterParameter 'WHO'", {"V": "v"}, "who alice value v"),
        ("submitterParameter 'WHO'", {}, "who alice No such property: V for class: groovy.lang.Binding"),
        ("", {"V": "v"}, "who null value v"),
        ("", {}, "who null value null"),
    ],
)
def test_input_of_a_stage_sets_what_was_given(
    rig: PipelineRig, submitter: str, given: dict[str, str], says: str
) -> None:
    build = rig.run(
        pipeline(
            f"""
            stage('approve') {{
                input {{
                    message 'Go?'
                    {submitter}
                    parameters {{ string(name: 'V', defaultValue: 'unused') }}
                }}
                steps {{
                    script {{
                        def value
                        try {{ value = "value ${{V}}" }} catch (MissingPropertyException e) {{ value = e.message }}
                        echo "who ${{env.WHO}} ${{value}}"
                    }}
                }}
            }}
            """,
            agent="none",
        ),
        inputs={"Go?": Approve(by="alice", parameters=given)},
    )

    assert f"\n{says}\n" in build.log


def test_a_rejected_stage_aborts_the_build(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            """
            stage('approve') {
                input { message 'Go?' }
                steps { echo 'never' }
            }
            stage('later') { steps { echo 'never' } }
            """,
            POST,
        ),
        inputs={"Go?": Reject()},
    )

    assert build.result == "ABORTED"
    assert 'Stage "later" skipped due to earlier failure(s)' in build.log
    assert posts(build.log) == ["always", "changed", "aborted", "unsuccessful", "cleanup"]


def test_options_and_triggers(rig: PipelineRig) -> None:
    build = rig.run(
        pipeline(
            "stage('slow') {\noptions { timeout(time: 1, unit: 'SECONDS') }\nsteps { sh 'sleep 60' }\n}",
            """options {
                buildDiscarder(logRotator(numToKeepStr: '5'))
                disableConcurrentBuilds()
                timeout(time: 1, unit: 'HOURS')
                timestamps()
            }
            triggers { cron('@daily') }""",
        )
    )

    assert "Timeout set to expire in 1 hr 0 min\n" in build.log
    assert "Timeout set to expire in 1 sec\n" in build.log
    assert build.result == "ABORTED"


def test_the_source_is_checked_out_unless_skipped(rig: PipelineRig, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "hello.txt").write_text("from the source")
    stage = "stage('look') { steps { sh 'ls' } }"

    copied = rig.run(pipeline(stage), checkout=source)
    skipped = rig.run(pipeline(stage, "options { skipDefaultCheckout() }"), checkout=source)

    assert copied.stages[0].name == "Declarative: Checkout SCM"
    assert "+ ls\nhello.txt\n" in copied.log
    assert "hello.txt" not in skipped.log


def test_a_library_step_may_hold_the_whole_pipeline(rig: PipelineRig) -> None:
    build = rig.run("wholePipeline(tone: 'friend')", parameters={"WHO": "you"})

    assert build.result == "SUCCESS"
    assert build.log.index("before\n") < build.log.index("hello you\n") < build.log.index("after\n")
    assert "you was greeted\n" in build.log
    assert build.description == "greeted you as friend"


def test_kubernetes_agent_needs_its_plugin(rig: PipelineRig) -> None:
    jenkinsfile = pipeline(
        "stage('a') { steps { sh 'echo in the pod' } }",
        agent="{ kubernetes {\ninheritFrom 'skopeo'\ndefaultContainer 'jnlp'\n} }",
    )

    assert "in the pod\n" in rig.run(jenkinsfile, plugins=["kubernetes"]).log
    assert "No such DSL method 'podTemplate'" in rig.run(jenkinsfile).log


STAGES = """
    stage('build') {
        stages {
            stage('compile') { steps { echo 'compiled' } }
            stage('checks') {
                parallel {
                    stage('lint') { steps { echo 'linted' } }
                    stage('unit') { steps { echo 'tested' } }
                }
            }
        }
        post { always { echo 'post of build' } }
    }
    stage('promote') {
        when { expression { true } }
        steps { echo "promoted ${currentBuild.getBuildCauses().collect { it.shortDescription }}" }
    }
    stage('after') { steps { echo 'after' } }
"""


def test_a_restart_from_a_stage_skips_the_ones_before(rig: PipelineRig) -> None:
    build = rig.run(f"echo 'around'\n{pipeline(STAGES, agent='none')}", from_stage="promote", build_number=8)

    skipped = ["build", "compile", "checks", "lint", "unit"]
    for name in skipped:
        assert f'Stage "{name}" skipped due to this build restarting at stage "promote"\n' in build.log
        assert build.stage(name) == "SKIPPED"
    for said in ("compiled", "linted", "tested", "post of build"):
        assert f"\n{said}\n" not in build.log
    assert "\naround\n" in build.log
    assert "promoted [Started by user admin, Restarted from build #7, stage promote]\n" in build.log
    assert "\nafter\n" in build.log
    assert (build.stage("promote"), build.stage("after"), build.result) == ("SUCCESS", "SUCCESS", "SUCCESS")


@pytest.mark.parametrize(
    ("jenkinsfile", "says"),
    [
        (pipeline("stage('only') { steps { echo 'never' } }"), "Stage promote is not present in the top-level stages"),
        ("echo 'scripted'", "job #2 was not a Declarative Pipeline, and cannot be restarted."),
    ],
)
def test_a_stage_that_is_not_there_cannot_be_restarted_from(rig: PipelineRig, jenkinsfile: str, says: str) -> None:
    build = rig.run(jenkinsfile, from_stage="promote")

    assert build.violation is not None
    assert says in build.violation
    assert "never" not in build.log


def test_the_stages_in_a_skipped_stage_are_skipped(rig: PipelineRig) -> None:
    build = rig.run(pipeline(f"stage('fails') {{ steps {{ error 'no' }} }}\n{STAGES}", agent="none"))

    assert [build.stage(name) for name in ("build", "compile", "lint", "after")] == ["SKIPPED"] * 4
    assert 'Stage "lint" skipped due to earlier failure(s)\n' in build.log
    assert "post of build" not in build.log
