/** Production's whole pipeline; see productionPipeline.txt. */
void call(Map settings = [:]) {
    pipeline {
        agent {
            label settings.label ?: 'skopeo'
        }
        options {
            timeout(time: (settings.timeoutMinutes ?: 60) + 5, unit: 'MINUTES')
            disableConcurrentBuilds()
        }
        parameters {
            string(name: 'IMAGE_NAME', defaultValue: '', description: 'The image, without registry and project')
            string(name: 'NON_PROD_REGISTRY', defaultValue: '', description: 'The registry it comes from')
            string(name: 'PROD_REGISTRY', defaultValue: '', description: 'The registry it goes to')
            string(name: 'NON_PROD_PROJECT_NAME', defaultValue: '', description: 'The project it comes from')
            string(name: 'PROD_PROJECT_NAME', defaultValue: '', description: 'The project it goes to')
            string(name: 'GIT_COMMIT', defaultValue: '', description: 'The tag on both sides')
            string(name: 'IMAGE_DIGEST', defaultValue: '', description: 'The digest that was tested')
            string(name: 'PROMOTION_ID', defaultValue: '', description: 'What the promotion is known by on both sides')
        }
        stages {
            stage('Promote') {
                steps {
                    script {
                        // Whatever a webhook sends becomes a parameter, and so a variable of every shell: PS4, PATH.
                        List ours = ['IMAGE_NAME', 'NON_PROD_REGISTRY', 'PROD_REGISTRY', 'NON_PROD_PROJECT_NAME',
                            'PROD_PROJECT_NAME', 'GIT_COMMIT', 'IMAGE_DIGEST', 'PROMOTION_ID']
                        List others = params.keySet().findAll { name -> !(name in ours) }.toList()
                        if (others) {
                            error("refused: parameters that this pipeline does not take: ${others.join(', ')}.")
                        }
                        Map result = promoterCommand('receive', [
                            imageName         : params.IMAGE_NAME,
                            nonProdRegistry   : params.NON_PROD_REGISTRY,
                            prodRegistry      : params.PROD_REGISTRY,
                            nonProdProjectName: params.NON_PROD_PROJECT_NAME,
                            prodProjectName   : params.PROD_PROJECT_NAME,
                            gitCommit         : params.GIT_COMMIT,
                            imageDigest       : params.IMAGE_DIGEST ?: null,
                            promotionId       : params.PROMOTION_ID ?: null,
                            config            : settings.config,
                            timeout           : "${settings.timeoutMinutes ?: 60}m",
                            force             : settings.force ?: false,
                        ])
                        currentBuild.description = "${result.destination} ${result.status}: ${result.digest}"
                    }
                }
            }
        }
    }
}
