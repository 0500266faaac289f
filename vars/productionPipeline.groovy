/** Production's whole pipeline; see productionPipeline.txt. */
void call(Object settings = null) {
    pipeline {
        agent none
        parameters {
            string(name: 'IMAGE_NAME', defaultValue: '', description: 'The image, without registry and project')
            string(name: 'NON_PROD_REGISTRY', defaultValue: '', description: 'The registry it comes from')
            string(name: 'PROD_REGISTRY', defaultValue: '', description: 'The registry it goes to')
            string(name: 'NON_PROD_PROJECT_NAME', defaultValue: '', description: 'The project it comes from')
            string(name: 'PROD_PROJECT_NAME', defaultValue: '', description: 'The project it goes to')
            string(name: 'GIT_COMMIT', defaultValue: '', description: 'The tag on both sides')
            string(name: 'IMAGE_DIGEST', defaultValue: '', description: 'The digest that was tested')
            string(name: 'PROMOTION_ID', defaultValue: '', description: 'What the promotion is known by on both sides')
            string(name: 'REQUESTED_BY', defaultValue: '', description: 'Who asks for it, and so cannot approve it')
        }
        stages {
            stage('Promote') {
                steps {
                    script {
                        Map given = known(settings)
                        refuseOtherParameters()
                        promote(given)
                    }
                }
            }
        }
    }
}

/** Returns the settings, which are no others: a misspelt `config` would let the workspace's configuration decide. */
private Map known(Object settings) {
    Map given = promoterCommand.named('productionPipeline', settings)
    List ours = ['config', 'label', 'timeoutMinutes', 'force']
    List others = given.keySet().findAll { name -> !(name in ours) }.toList()
    if (others) {
        promoterCommand.refuse("settings that productionPipeline does not have: ${others.join(', ')}.")
    }
    return given
}

/** Whatever a webhook sends becomes a parameter, and so a variable of every shell: PS4, PATH. */
private void refuseOtherParameters() {
    List ours = ['IMAGE_NAME', 'NON_PROD_REGISTRY', 'PROD_REGISTRY', 'NON_PROD_PROJECT_NAME', 'PROD_PROJECT_NAME',
        'GIT_COMMIT', 'IMAGE_DIGEST', 'PROMOTION_ID', 'REQUESTED_BY']
    // By which the plugin generic-webhook-trigger keeps equal calls apart; it is in `params`, and no variable.
    String call = 'jenkins-generic-webhook-trigger-plugin_uuid'
    List others = params.keySet().findAll { name -> !(name in ours) && name != call }.toList()
    if (others) {
        error("refused: parameters that this pipeline does not take: ${others.join(', ')}.")
    }
}

private void promote(Map settings) {
    // Whoever starts the pipeline by hand asks for it as well, whatever is written into the parameter.
    List asking = [promoterCommand.startedBy(), params.REQUESTED_BY].findAll { part -> part }
    BigDecimal minutes = promoterCommand.setting(settings, 'timeoutMinutes', 60)
    Map request = [
        imageName         : params.IMAGE_NAME,
        nonProdRegistry   : params.NON_PROD_REGISTRY,
        prodRegistry      : params.PROD_REGISTRY,
        nonProdProjectName: params.NON_PROD_PROJECT_NAME,
        prodProjectName   : params.PROD_PROJECT_NAME,
        gitCommit         : params.GIT_COMMIT,
        imageDigest       : params.IMAGE_DIGEST ?: null,
        promotionId       : params.PROMOTION_ID ?: null,
        requestedBy       : asking.join(', ') ?: null,
        config            : settings.config,
        timeout           : "${minutes}m",
        force             : settings.force ?: false,
    ]
    Map result = receive(settings, minutes, request + [untilApproval: true])
    if (result.status == 'awaiting-approval') {
        stage('Approve') {
            request += awaitApproval(result)
        }
        receive(settings, minutes, request)
    }
}

private Map receive(Map settings, BigDecimal minutes, Map request) {
    List place = [params.PROD_REGISTRY, params.PROD_PROJECT_NAME, params.IMAGE_NAME].findAll { part -> part }
    return takingTurns(place.join('/')) {
        Map result = [:]
        timeout(time: (minutes + 5) as int, unit: 'MINUTES') {
            result = promoterCommand.onAgent(settings, 'receive', request)
        }
        return result
    }
}
