"""The steps of the pipeline rig, in scripted pipelines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.pipeline import (
    PipelineRig,
    Reject,
    SecretFile,
    StageRun,
    UsernamePassword,
    Wait,
)

LIBRARY = Path(__file__).parent / "rig_cases" / "library"
SECRET = "p@ss'word 42"


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path, {"greetings": LIBRARY})


def test_the_log_reads_like_jenkins(rig: PipelineRig) -> None:
    build = rig.run("node { stage('Say') { sh 'echo hello' } }")

    assert build.log.splitlines() == [
        "Started by user admin",
        "[Pipeline] Start of Pipeline",
        "[Pipeline] node",
        f"Running on Jenkins in {build.workspace}",
        "[Pipeline] {",
        "[Pipeline] stage",
        "[Pipeline] { (Say)",
        "[Pipeline] sh",
        "+ echo hello",
        "hello",
        "[Pipeline] }",
        "[Pipeline] // stage",
        "[Pipeline] }",
        "[Pipeline] // node",
        "[Pipeline] End of Pipeline",
        "Finished: SUCCESS",
    ]


def test_reports_steps_and_stages(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            stage('Good') { sh script: 'true', label: 'nothing' }
            stage('Shaky') { unstable 'hm' }
            stage('Bad') { error 'no' }
        }
        """
    )

    assert build.calls("sh") == [{"script": "true", "label": "nothing"}]
    assert build.stages == (
        StageRun("Good", "SUCCESS"),
        StageRun("Shaky", "UNSTABLE"),
        StageRun("Bad", "FAILED"),
    )
    assert build.result == "FAILURE"
    assert "ERROR: no\nFinished: FAILURE" in build.log


def test_sh_returns_what_was_asked_for(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            echo "out=<${sh(script: 'echo text; echo aside >&2', returnStdout: true)}>"
            echo "status=${sh(script: 'exit 7', returnStatus: true)}"
            echo "value=${sh 'true'}"
            sh '''#!/bin/bash
            [[ $0 ]] && echo "no echo of commands"; false; echo "no -e"'''
            try {
                sh 'kill -9 $$'
            } catch (AbortException e) {
                echo "caught ${e.message}"
            }
        }
        """
    )

    assert build.result == "SUCCESS"
    assert "aside\n[Pipeline] echo\nout=<text\n>\n" in build.log
    assert "status=7\n" in build.log
    assert "value=null\n" in build.log
    assert "[Pipeline] sh\nno echo of commands\nno -e\n" in build.log
    assert "caught script returned exit code 137\n" in build.log


def test_sh_that_fails_loses_its_output_from_the_value_alone(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            try {
                sh script: 'echo said; exit 3', returnStdout: true
            } catch (AbortException e) {
                echo "caught ${e.message}"
            }
            echo "both ${sh(script: 'echo lost; exit 2', returnStdout: true, returnStatus: true)}"
            sh 'false | true; echo "no pipefail"'
            sh 'false; echo never'
        }
        """
    )

    assert "\nsaid\n" in build.log
    assert "\ncaught script returned exit code 3\n" in build.log
    assert "\nboth 2\n" in build.log
    assert "\nno pipefail\n" in build.log
    assert "\nnever\n" not in build.log
    assert "ERROR: script returned exit code 1\nFinished: FAILURE" in build.log


def test_sh_sees_parameters_build_variables_and_the_agent(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            stage('Look') {
                sh 'echo "$WHO $JOB_NAME $JOB_BASE_NAME $BUILD_NUMBER $STAGE_NAME $BRANCH_NAME $ON_AGENT"'
                sh 'test "$PWD" = "$WORKSPACE" && test "$BUILD_URL" = "${JENKINS_URL}job/team/job/app/7/"'
                echo "${WHO} ${env.WHO} ${params.WHO} ${env.nothing}"
            }
        }
        """,
        parameters={"WHO": "me"},
        environment={"ON_AGENT": "yes"},
        job_name="team/app",
        build_number=7,
        branch_name="main",
    )

    assert build.result == "SUCCESS"
    assert "me team/app app 7 Look main yes\n" in build.log
    assert "me me me null\n" in build.log


def test_with_env_wins_over_assignments_and_unsets(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            env.A = 1
            env.GONE = 'here'
            withEnv(['A=2', 'GONE=', 'PATH+EXTRA=/extra']) {
                env.A = 3
                echo "inside ${env.A} ${env.GONE} ${A} ${env.PATH.startsWith('/extra:')}"
            }
            echo "outside ${env.A}"
        }
        """
    )

    assert "inside 2 null 2 true\n" in build.log
    assert "outside 3\n" in build.log


def test_secrets_are_masked_inside_their_block_alone(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            withCredentials([string(credentialsId: 'token', variable: 'TOKEN'),
                             usernamePassword(credentialsId: 'login', usernameVariable: 'U', passwordVariable: 'P')]) {
                sh '''
                    echo "plain x${TOKEN}y"
                    echo "base64 $(printf %s "$TOKEN" | base64)"
                    echo "url https://$U:$P@host"
                    echo "reversed $(printf %s "$P" | rev)"
                '''
                echo "returned " + sh(script: 'echo "$TOKEN"', returnStdout: true).trim()
                writeFile file: 'kept', text: P
            }
            echo "after ${env.TOKEN}"
            sh 'cat kept'
        }
        """,
        credentials={"token": SECRET, "login": UsernamePassword("somebody", "hunter2-hunter2")},
    )

    inside, after = build.log.split("after null")
    assert "Masking supported pattern matches of $TOKEN or $P\n" in inside
    assert "plain x****y\n" in inside
    assert "base64 ****\n" in inside
    assert "url https://somebody:****@host\n" in inside
    assert "reversed 2retnuh-2retnuh\n" in inside
    assert "returned ****\n" in inside
    assert "word 42" not in build.log
    assert "hunter2-hunter2" not in inside
    assert "hunter2-hunter2" in after


def test_an_error_that_holds_a_secret_is_masked(rig: PipelineRig) -> None:
    build = rig.run(
        "withCredentials([string(credentialsId: 'token', variable: 'TOKEN')]) { error('boom ' + TOKEN) }",
        credentials={"token": SECRET},
    )

    assert "MaskedException: boom ****" in build.log
    assert SECRET not in build.log


def test_a_secret_file_is_private_and_gone_after_its_block(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            withCredentials([file(credentialsId: 'file', variable: 'FILE')]) {
                sh 'stat -c "mode %a" "$FILE"; cp "$FILE" copy; dirname "$(dirname "$FILE")" > where'
            }
            sh 'find "$(cat where)" -type f | wc -l'
        }
        """,
        credentials={"file": SecretFile("config.json", "{}")},
    )

    assert "mode 600\n" in build.log
    assert (build.workspace / "copy").read_text() == "{}"
    assert "\n0\n" in build.log


def test_a_secret_file_is_gone_after_a_broken_rule(rig: PipelineRig) -> None:
    build = rig.run(
        "node { withCredentials([file(credentialsId: 'file', variable: 'FILE')]) { sh \"cat ${FILE}\" } }",
        credentials={"file": SecretFile("config.json", "a secret text")},
    )

    assert build.violation is not None
    assert [path for path in build.workspace.parent.rglob("*") if path.is_file()] == []


def test_secrets_are_in_no_argument_and_no_variable_of_the_rig(rig: PipelineRig) -> None:
    build = rig.run(
        r"""node { sh 'cat /proc/$PPID/cmdline /proc/$PPID/environ | tr "\\0" "\\n"' }""",
        credentials={"token": SECRET},
    )

    assert "rig.Main\n" in build.log
    assert SECRET not in build.log


def test_files_and_directories(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            writeFile file: 'a/b.txt', text: 'in b'
            dir('a') {
                echo "read ${readFile('b.txt')} ${fileExists('b.txt')} ${fileExists('c')} ${pwd() == env.WORKSPACE}"
                stash name: 'b', includes: '**/*.txt'
                deleteDir()
            }
            echo "left ${fileExists('a')}"
            dir('c') { unstash 'b' }
            archiveArtifacts artifacts: 'c/*.txt, none/**'
            archiveArtifacts artifacts: '*.none', allowEmptyArchive: true
            try {
                readFile 'none'
            } catch (java.nio.file.NoSuchFileException e) {
                echo "missing ${e.message == env.WORKSPACE + '/none'}"
            }
            archiveArtifacts '*.none'
        }
        """
    )

    assert "read in b true false false\n" in build.log
    assert "left false\n" in build.log
    assert "missing true\n" in build.log
    assert (build.artifacts / "c" / "b.txt").read_text() == "in b"
    assert 'ERROR: No artifacts found that match the file pattern "*.none". Configuration error?' in build.log


def test_checkout_copies_the_source_and_knows_its_revision(rig: PipelineRig, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "hello.txt").write_text("from the source")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=source, check=True)
    revision = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=source, text=True).strip()

    build = rig.run(
        "node { def found = checkout scm; echo \"at ${found.GIT_COMMIT}\"; sh 'cat hello.txt' }",
        checkout=source,
    )

    assert f"at {revision}\n" in build.log
    assert "from the source\n" in build.log


def test_parameters_are_declared_typed_and_closed(rig: PipelineRig) -> None:
    jenkinsfile = """
        properties([parameters([
            string(name: 'S', defaultValue: 'd'), booleanParam(name: 'B', defaultValue: true),
            choice(name: 'C', choices: ['x', 'y'])
        ])])
        echo "params ${params} ${params.B.class.simpleName} env ${env.S}"
        """

    first = rig.run(jenkinsfile, build_number=1)
    later = rig.run(jenkinsfile, parameters={"B": "false", "UNKNOWN": "1"})
    wrong = rig.run(jenkinsfile, parameters={"C": "z"})

    assert "params [S:d, B:true, C:x] Boolean env null\n" in first.log
    assert "params [S:d, B:false, C:x] Boolean env d\n" in later.log
    assert "Skipped parameter `UNKNOWN`" in later.log
    assert wrong.violation == "Illegal choice for parameter C: z"


def test_parameters_are_read_only_and_texts_in_the_environment(rig: PipelineRig) -> None:
    build = rig.run(
        """
        properties([parameters([booleanParam(name: 'B', defaultValue: false)])])
        try { params.B = true } catch (UnsupportedOperationException e) { echo 'read only' }
        echo "${params.B ? 'true' : 'false'} ${env.B ? 'true' : 'false'} ${env.B.class.simpleName} ${params.NOPE}"
        """
    )

    assert "read only\n" in build.log
    assert "false true String null\n" in build.log


def test_a_description_keeps_a_secret_as_it_is(rig: PipelineRig) -> None:
    build = rig.run(
        "withCredentials([string(credentialsId: 'token', variable: 'T')]) { currentBuild.description = env.T }",
        credentials={"token": SECRET},
    )

    assert build.description == SECRET
    assert SECRET not in build.log


def test_json_is_read_as_in_jenkins(rig: PipelineRig) -> None:
    build = rig.run(
        """
        import groovy.json.JsonOutput
        import groovy.json.JsonSlurper
        import groovy.json.JsonSlurperClassic

        echo JsonOutput.toJson([a: "g${1}", b: [1, null]])
        echo new JsonSlurperClassic().parseText('{"a": 1.5}').with { "${it.getClass().name} ${it.a.class.name}" }
        echo new JsonSlurper().parseText('{}').getClass().name
        """
    )

    assert '{"a":"g1","b":[1,null]}\n' in build.log
    assert "java.util.HashMap java.math.BigDecimal\n" in build.log
    assert "groovy.json.internal.LazyMap\n" in build.log


def test_retry_tries_a_timeout_again_and_an_abort_not(rig: PipelineRig) -> None:
    build = rig.run(
        """
        def tries = 0
        retry(2) {
            tries++
            if (tries == 1) {
                timeout(time: 1, unit: 'SECONDS') { input 'Go?' }
            } else {
                input 'No?'
            }
        }
        """,
        inputs={"Go?": Wait(), "No?": Reject()},
    )

    assert build.log.count("[Pipeline] input\n") == 2
    assert build.log.count("Retrying\n") == 1
    assert build.result == "ABORTED"


def test_lengths_of_time_read_like_jenkins(rig: PipelineRig) -> None:
    spans = {
        "time: 20, unit: 'MILLISECONDS'": "20 ms",
        "time: 250, unit: 'MILLISECONDS'": "0.25 sec",
        "time: 1290, unit: 'MILLISECONDS'": "1.2 sec",
        "time: 12, unit: 'SECONDS'": "12 sec",
        "time: 90, unit: 'SECONDS'": "1 min 30 sec",
        "time: 61": "1 hr 1 min",
        "time: 12, unit: 'HOURS'": "12 hr",
        "time: 7, unit: 'DAYS'": "7 days 0 hr",
    }

    build = rig.run("\n".join(f"timeout({span}) {{ }}" for span in spans))

    said = [line for line in build.log.splitlines() if line.startswith("Timeout set")]
    assert said == [f"Timeout set to expire in {text}" for text in spans.values()]


def test_current_build(rig: PipelineRig) -> None:
    build = rig.run(
        """
        echo "${currentBuild.result} ${currentBuild.currentResult} ${currentBuild.number}"
        echo "${currentBuild.getBuildCauses()[0].userId}"
        currentBuild.displayName = 'named'
        currentBuild.description = 'described'
        currentBuild.result = 'UNSTABLE'
        currentBuild.result = 'SUCCESS'
        """,
        user="alice",
    )

    assert "null SUCCESS 2\n" in build.log
    assert "alice\n" in build.log
    assert (build.display_name, build.description, build.result) == ("named", "described", "UNSTABLE")


def test_causes_of_a_build(rig: PipelineRig) -> None:
    jenkinsfile = """
        echo "all ${currentBuild.getBuildCauses()}"
        echo "by a user ${currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause')}"
        """

    person = (
        "[[_class:hudson.model.Cause$UserIdCause, shortDescription:Started by user alice,"
        " userId:alice, userName:alice]]"
    )
    by_alice = rig.run(jenkinsfile, user="alice")
    by_nobody = rig.run(jenkinsfile, user=None)

    assert by_alice.log.startswith("Started by user alice\n")
    assert f"all {person}\n" in by_alice.log
    assert f"by a user {person}\n" in by_alice.log
    assert by_nobody.log.startswith("Started by an SCM change\n")
    scm = "[[_class:hudson.triggers.SCMTrigger$SCMTriggerCause, shortDescription:Started by an SCM change]]"
    assert f"all {scm}\n" in by_nobody.log
    assert "by a user []\n" in by_nobody.log


def test_an_anonymous_user_has_a_name_and_no_id(rig: PipelineRig) -> None:
    build = rig.run(
        "def cause = currentBuild.getBuildCauses()[0]\n"
        'echo "${cause.userName} ${cause.userId} ${cause.userId.class.name}"',
        user="anonymous",
    )

    assert "anonymous null net.sf.json.JSONNull\n" in build.log


def test_a_node_has_a_name_and_a_workspace_and_nothing_else_has(rig: PipelineRig) -> None:
    build = rig.run(
        """
        echo "before ${env.NODE_NAME} ${env.WORKSPACE}"
        node { echo "inside ${env.NODE_NAME} ${env.WORKSPACE}" }
        echo "after ${env.NODE_NAME} ${env.WORKSPACE}"
        """
    )

    assert "before null null\n" in build.log
    assert f"inside built-in {build.workspace}\n" in build.log
    assert "after null null\n" in build.log


def test_errors_are_caught_and_results_set(rig: PipelineRig) -> None:
    build = rig.run(
        """
        def tries = 0
        retry(3) {
            tries++
            if (tries < 3) { error "try ${tries}" }
        }
        stage('Warns') { warnError('careful') { error 'w' } }
        stage('Fails') { catchError(message: 'sorry', stageResult: 'FAILURE') { error 'c' } }
        try {
            error 'e'
        } finally {
            echo 'finally'
        }
        """
    )

    assert "ERROR: try 1\nRetrying\n" in build.log
    assert "ERROR: careful\nERROR: w\nSetting overall build result to UNSTABLE\n" in build.log
    assert "ERROR: sorry\nERROR: c\nSetting overall build result to FAILURE\n" in build.log
    assert "[Pipeline] echo\nfinally\n[Pipeline] End of Pipeline\nERROR: e\n" in build.log
    assert (build.stage("Warns"), build.stage("Fails")) == ("UNSTABLE", "FAILED")


def test_parallel_returns_values_and_throws_the_first_failure(rig: PipelineRig) -> None:
    build = rig.run(
        """
        echo "values ${parallel(a: { sleep 1; 1 }, b: { 2 })}"
        node {
            parallel(
                slow: { sh 'sleep 1; echo slow finished' },
                bad: { error 'bad failed' }
            )
        }
        """
    )

    assert "values [a:1, b:2]\n" in build.log
    assert "Failed in branch bad\n" in build.log
    assert "slow finished\n" in build.log
    assert "ERROR: bad failed\nFinished: FAILURE" in build.log


def test_parallel_fail_fast_interrupts_the_others(rig: PipelineRig) -> None:
    build = rig.run(
        """
        node {
            parallel(
                failFast: true,
                slow: {
                    try {
                        sh 'touch begun; sleep 60'
                    } catch (org.jenkinsci.plugins.workflow.steps.FlowInterruptedException e) {
                        echo "interrupted: ${e.message} ${e.result}"
                        throw e
                    }
                },
                bad: { waitUntil { fileExists 'begun' }; error 'bad failed' }
            )
        }
        """
    )

    assert "interrupted: Failed in branch bad ABORTED\n" in build.log
    assert "ERROR: bad failed\nFinished: FAILURE" in build.log


def test_steps_in_collection_methods(rig: PipelineRig) -> None:
    build = rig.run(
        """
        def said = [1, 2].collect { n -> sleep 0; n * 2 }
        [a: 1].each { key, value -> sleep 1; said << "${key}${value}".toString() }
        3.times { n -> sleep 0; said << n }
        println said.findAll { sleep 0; it != 1 }
        """
    )

    assert "[2, 4, a1, 0, 2]\n" in build.log


def test_library_has_variables_classes_and_resources(rig: PipelineRig) -> None:
    build = rig.run(
        """
        @Library('greetings@v1') _
        import org.demo.Greeter

        greet 'you'
        counter.next()
        echo "counted ${counter.next()}"
        node {
            def greeter = new Greeter(this)
            greeter.greet('one')
            echo greeter.greet('two')
        }
        echo libraryResource('org/demo/words.txt')
        libraryResource 'org/demo/none.txt'
        """
    )

    assert "Loading library greetings@v1\n" in build.log
    assert "hello you\n" in build.log
    assert "counted 2\n" in build.log
    assert "[Pipeline] echo\nhello two 2\n" in build.log
    assert "from a resource\n" in build.log
    assert "ERROR: No such library resource org/demo/none.txt could be found." in build.log


def test_library_step_loads_at_run_time(rig: PipelineRig) -> None:
    build = rig.run("library 'greetings'\ngreet 'you'")

    assert "hello you\n" in build.log


def test_optional_steps_need_their_plugin(rig: PipelineRig) -> None:
    build = rig.run(
        """
        milestone 1
        lock('thing') { echo 'held' }
        node {
            writeJSON file: 'a.json', json: [b: [1, 2]]
            echo "read ${readJSON(file: 'a.json').b}"
            writeFile file: 'report/index.html', text: 'hi'
            publishHTML target: [reportDir: 'report', reportFiles: 'index.html', reportName: 'Report']
        }
        """,
        plugins=["lock", "milestone", "pipeline-utility-steps", "htmlpublisher"],
    )

    assert build.result == "SUCCESS"
    assert "Lock acquired on [Resource: thing]\n[Pipeline] {\n[Pipeline] echo\nheld\n" in build.log
    assert "read [1, 2]\n" in build.log
