package rig;

import groovy.lang.GroovyObjectSupport;
import java.io.Serializable;
import java.util.Map;

/** What scripts see as {@code env}. */
public final class EnvironmentVariables extends GroovyObjectSupport implements Serializable {
    private final Build build;

    EnvironmentVariables(Build build) {
        this.build = build;
    }

    public Map<String, String> getEnvironment() {
        return build.environment.at(build.context());
    }

    @Override
    public Object getProperty(String name) {
        return getEnvironment().get(name);
    }

    @Override
    public void setProperty(String name, Object value) {
        build.environment.assign(name, String.valueOf(value));
    }
}
