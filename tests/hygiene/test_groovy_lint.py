"""The Groovy lint of `make lint` finds what breaks on a Jenkins controller, and passes what does not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import ROOT

GOOD = """\
import com.cloudbees.groovy.cps.NonCPS

/** Promotes an image. */
def call(Map parameters = [:]) {
    sh 'promoter promote "${SOURCE}" "$DESTINATION"'
    echo summary(parameters)
}

@NonCPS
String summary(Map parameters) {
    parameters.keySet().sort().join(', ')
}
"""
BAD = """\
import com.cloudbees.groovy.cps.NonCPS

void call(Map parameters) {
    sh "promoter promote ${parameters.source}"
    java.util.regex.Matcher found = parameters.source =~ /:/
    [parameters].toSorted { image -> image.name }
    println found
}

@NonCPS
String summary() {
    call([:])
}
"""
JENKINSFILE = """\
@Library('image-promoter') _

pipeline {
    agent any
    stages {
        stage('Promote') {
            steps {
                promoteImage source: 'a', destination: "b:${env.GIT_COMMIT}"
            }
        }
    }
}
"""


def lint(directory: Path, **files: str) -> subprocess.CompletedProcess[str]:
    """Write the files into `vars`, lint the directory and return what the lint said."""
    (directory / "vars").mkdir()
    for name, text in files.items():
        (directory / f"vars/{name}.groovy").write_text(text)
    return subprocess.run([ROOT / "tests/codenarc/run", directory], capture_output=True, text=True, check=False)


def test_a_step_and_a_jenkinsfile_pass(tmp_path: Path) -> None:
    (tmp_path / "Jenkinsfile.example").write_text(JENKINSFILE)
    linted = lint(tmp_path, promoteImage=GOOD)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "TotalFiles=2 FilesWithViolations=0" in linted.stdout


def test_each_mistake_is_named(tmp_path: Path) -> None:
    linted = lint(tmp_path, promoteImage=BAD)
    assert linted.returncode == 1
    assert set(re.findall(r"Rule=(\w+)", linted.stdout)) == {
        "CpsCallFromNonCpsMethod",
        "DoubleQuotedShell",
        "ExpressionInCpsMethodNotSerializable",
        "ForbiddenCallInCpsMethod",
        "Println",
    }


@pytest.mark.parametrize(
    "text", ["void call( {\n}\n", "import hudson.Missing\n\nvoid call() {\n    Missing.now()\n}\n"]
)
def test_a_file_that_the_rules_cannot_look_at_fails(text: str, tmp_path: Path) -> None:
    linted = lint(tmp_path, promoteImage=text)
    assert linted.returncode == 1
    assert "Compilation failed" in linted.stdout
