// What `make lint` asks of Groovy: CodeNarc's rule sets, less what a Jenkins pipeline has to do differently.

ruleset {
    // Code that Jenkins runs; the tests' own Groovy is a plain program.
    String pipelineCode = /[.]\/(vars|src)\/.*[.]groovy/

    ruleset('rulesets/basic.xml')
    ruleset('rulesets/braces.xml')
    ruleset('rulesets/comments.xml')
    ruleset('rulesets/convention.xml') {
        exclude 'CompileStatic'             // the pipeline interpreter needs dynamic code
        exclude 'CouldBeSwitchStatement'
        exclude 'ImplicitReturnStatement'   // a step that is one call returns that call's result
        exclude 'MethodParameterTypeRequired'
        exclude 'MethodReturnTypeRequired'  // `def call()` is how a step is declared
        exclude 'NoDef'
        exclude 'TrailingComma'
        exclude 'VariableTypeRequired'
    }
    ruleset('rulesets/design.xml') {
        exclude 'Instanceof'
    }
    ruleset('rulesets/exceptions.xml') {
        CatchThrowable { applyToFilesMatching = pipelineCode }
    }
    ruleset('rulesets/formatting.xml') {
        exclude 'ClassEndsWithBlankLine'
        exclude 'ClassStartsWithBlankLine'
        LineLength { length = 120 }
        SpaceAroundMapEntryColon {
            characterBeforeColonRegex = /./  // entries may stand in columns
            characterAfterColonRegex = /\s/
        }
    }
    ruleset('rulesets/generic.xml')
    ruleset('rulesets/groovyism.xml') {
        exclude 'GStringExpressionWithinString'  // '"${name}"' is the shell's variable
    }
    ruleset('rulesets/imports.xml')
    ruleset('rulesets/jenkins.xml') {
        [
            'ClassNotSerializable',
            'ClosureInGString',
            'CpsCallFromNonCpsMethod',
            'ExpressionInCpsMethodNotSerializable',
            'ForbiddenCallInCpsMethod',
            'ObjectOverrideOnlyNonCpsMethods',
            'ParameterOrReturnTypeNotSerializable',
        ].each { rule ->
            "$rule" {
                applyToFileNames = null
                applyToFilesMatching = pipelineCode
            }
        }
    }
    ruleset('rulesets/logging.xml') {
        ['Println', 'PrintStackTrace', 'SystemErrPrint', 'SystemOutPrint'].each { rule ->
            "$rule" { applyToFilesMatching = pipelineCode }
        }
    }
    ruleset('rulesets/naming.xml') {
        VariableName { regex = /_|[a-z][a-zA-Z0-9]*/ }  // `@Library('…') _`
    }
    ruleset('rulesets/security.xml') {
        JavaIoPackageAccess { applyToFilesMatching = pipelineCode }
    }
    ruleset('rulesets/serialization.xml')
    ruleset('rulesets/size.xml') {
        exclude 'CrapMetric'  // wants a coverage report
        NestedBlockDepth { maxNestedBlockDepth = 8 }  // pipeline, stages, stage, steps, script are five
    }
    ruleset('rulesets/unnecessary.xml') {
        exclude 'UnnecessaryCollectCall'  // the pipeline interpreter has no spread operator
        exclude 'UnnecessaryGetter'  // isEmpty() is a question, not a property
        exclude 'UnnecessaryReturnKeyword'
    }
    ruleset('rulesets/unused.xml') {
        UnusedVariable { ignoreVariableNames = '_' }
    }

    IllegalRegex {
        name = 'DoubleQuotedShell'
        description = 'Values interpolated into a shell script are run as code, and shown in the log.'
        violationMessage = 'Write the script of sh in single quotes and hand values over in its environment.'
        applyToFilesMatching = "$pipelineCode|.*Jenkinsfile.*"
        regex = /(?<![.\w])sh\s*\(?\s*"|\bscript:\s*"/
    }
}
