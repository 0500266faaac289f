/** A whole declarative pipeline inside a step. */
void call(Map settings = [:]) {
    echo 'before'
    pipeline {
        agent {
            label settings.label ?: 'any'
        }
        parameters {
            string(name: 'WHO', defaultValue: 'nobody')
        }
        stages {
            stage('Greet') {
                steps {
                    greet(params.WHO)
                    script {
                        currentBuild.description = "greeted ${params.WHO} as ${settings.tone}"
                    }
                }
            }
        }
        post {
            always {
                sh 'echo "$WHO was greeted"'
            }
        }
    }
    echo 'after'
}
