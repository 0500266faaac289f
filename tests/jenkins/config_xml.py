"""What jobs, folders and credentials are made of: Jenkins' own files, as its REST API takes them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from tests.support.git import BRANCH

_DEFINITIONS = "hudson.model.ParametersDefinitionProperty"
_LIBRARIES = "org.jenkinsci.plugins.workflow.libs"
_TRIGGERS = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
_GENERIC = "org.jenkinsci.plugins.gwt"


def string(name: str, default: str = "") -> str:
    """Return a string parameter."""
    return _definition("String", name, f"<defaultValue>{default}</defaultValue>")


def boolean(name: str) -> str:
    return _definition("Boolean", name, "<defaultValue>false</defaultValue>")


def choice(name: str, *choices: str) -> str:
    values = "".join(f"<string>{one}</string>" for one in choices)
    return _definition(
        "Choice", name, f'<choices class="java.util.Arrays$ArrayList"><a class="string-array">{values}</a></choices>'
    )


def script(text: str) -> str:
    """Return the definition of a Pipeline whose text the job has itself."""
    return (
        '<definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition">'
        f"<script>{escape(text)}</script><sandbox>true</sandbox></definition>"
    )


def jenkinsfile(repository: str) -> str:
    """Return the definition of a Pipeline that is a git repository's `Jenkinsfile`."""
    return (
        '<definition class="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition">'
        '<scm class="hudson.plugins.git.GitSCM"><configVersion>2</configVersion>'
        "<userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>"
        f"<url>{escape(repository)}</url>"
        "</hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>"
        f"<branches><hudson.plugins.git.BranchSpec><name>*/{BRANCH}</name></hudson.plugins.git.BranchSpec></branches>"
        '<submoduleCfg class="empty-list"/><extensions/></scm>'
        "<scriptPath>Jenkinsfile</scriptPath></definition>"
    )


def generic_trigger(token: str, *variables: str, expression: str = "", silent: bool = False) -> str:
    """Return a Generic Webhook Trigger that takes these variables; the expression is looked for in the first one."""
    taken = "".join(
        f"<{_GENERIC}.GenericVariable><expressionType>JSONPath</expressionType><key>{name}</key>"
        f"<value>$.{name}</value></{_GENERIC}.GenericVariable>"
        for name in variables
    )
    text = f"<regexpFilterText>${variables[0]}</regexpFilterText>" if expression else ""
    return (
        f"<{_GENERIC}.GenericTrigger><spec/><genericVariables>{taken}</genericVariables>{text}"
        f"<regexpFilterExpression>{escape(expression)}</regexpFilterExpression>"
        f"<token>{token}</token><silentResponse>{str(silent).lower()}</silentResponse></{_GENERIC}.GenericTrigger>"
    )


def pipeline(
    definition: str, *definitions: str, disabled: bool = False, trigger_token: str = "", trigger: str = ""
) -> str:
    """Return a Pipeline with these parameters, and with a trigger; see `Server.start` for the trigger token."""
    declared = f"<{_DEFINITIONS}><parameterDefinitions>{''.join(definitions)}</parameterDefinitions></{_DEFINITIONS}>"
    return (
        f"<flow-definition><properties>{declared if definitions else ''}"
        f"{f'<{_TRIGGERS}><triggers>{trigger}</triggers></{_TRIGGERS}>' if trigger else ''}</properties>{definition}"
        f"{f'<authToken>{trigger_token}</authToken>' if trigger_token else ''}"
        f"<disabled>{str(disabled).lower()}</disabled></flow-definition>"
    )


def folder(library: str = "") -> str:
    """Return a folder, whose jobs know the library `image-promoter` if it is given the repository of one."""
    of_its_own = (
        f"<{_LIBRARIES}.FolderLibraries><libraries><{_LIBRARIES}.LibraryConfiguration><name>image-promoter</name>"
        f'<retriever class="{_LIBRARIES}.SCMSourceRetriever"><scm class="jenkins.plugins.git.GitSCMSource">'
        f"<id>image-promoter</id><remote>{escape(library)}</remote><credentialsId/>"
        "<traits><jenkins.plugins.git.traits.BranchDiscoveryTrait/></traits></scm></retriever>"
        f"<defaultVersion>{BRANCH}</defaultVersion></{_LIBRARIES}.LibraryConfiguration></libraries>"
        f"</{_LIBRARIES}.FolderLibraries>"
    )
    return (
        f"<com.cloudbees.hudson.plugins.folder.Folder><properties>{of_its_own if library else ''}</properties>"
        "</com.cloudbees.hudson.plugins.folder.Folder>"
    )


def secret_text(identifier: str, secret: str) -> str:
    """Return a credential of the kind "Secret text"."""
    kind = "org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl"
    return f"<{kind}><scope>GLOBAL</scope><id>{identifier}</id><description/><secret>{escape(secret)}</secret></{kind}>"


def _definition(kind: str, name: str, rest: str) -> str:
    tag = f"hudson.model.{kind}ParameterDefinition"
    return f"<{tag}><name>{name}</name>{rest}</{tag}>"
