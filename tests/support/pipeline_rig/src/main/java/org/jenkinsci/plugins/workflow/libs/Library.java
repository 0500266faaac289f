package org.jenkinsci.plugins.workflow.libs;

/** Names the shared libraries that a Jenkinsfile uses; the name is Jenkins'. */
public @interface Library {
    String[] value();
}
