package rig;

import com.cloudbees.groovy.cps.SerializableScript;
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation;
import groovy.lang.Binding;
import groovy.lang.Closure;
import groovy.lang.GroovyRuntimeException;
import groovy.lang.MissingPropertyException;
import org.codehaus.groovy.runtime.InvokerHelper;
import org.codehaus.groovy.runtime.ScriptBytecodeAdapter;

/** The class that Jenkinsfiles and global variables extend: names it does not know are variables and steps. */
public abstract class CpsScript extends SerializableScript {
    private Build build;

    void attach(Build itsBuild) {
        build = itsBuild;
        getBinding().setVariable("steps", itsBuild.dsl);
    }

    @Override
    public Object getProperty(String name) {
        try {
            return super.getProperty(name);
        } catch (MissingPropertyException notInBinding) {
            Object value = build == null ? null : build.globalVariable(name);
            if (value == null) {
                throw new MissingPropertyException(name, Binding.class);
            }
            return value;
        }
    }

    @Override
    public final Object invokeMethod(String name, Object arguments) {
        if (getBinding().hasVariable(name) && getBinding().getVariable(name) instanceof Closure<?> closure) {
            return closure.call((Object[]) arguments);
        }
        if (name.equals("pipeline")) {
            return enter(name, build.programs.interpreter(), build.declarativePipeline((Object[]) arguments));
        }
        CpsScript variable = build.libraries.variable(name);
        return variable == null ? build.dsl.invokeMethod(name, arguments) : enter(name, variable, arguments);
    }

    private static Object enter(String name, CpsScript receiver, Object arguments) {
        try {
            return InvokerHelper.invokeMethod(receiver, "call", arguments);
        } catch (CpsCallableInvocation invocation) {
            throw named(name, invocation);
        } catch (GroovyRuntimeException wrapped) {
            Throwable cause = ScriptBytecodeAdapter.unwrap(wrapped);
            if (cause instanceof CpsCallableInvocation invocation) {
                throw named(name, invocation);
            }
            throw wrapped;
        }
    }

    /** Says under which name the call was made, so that a call from plain Java code is told from one by a script. */
    private static CpsCallableInvocation named(String name, CpsCallableInvocation invocation) {
        return new CpsCallableInvocation(name, invocation.call, invocation.receiver, invocation.arguments.toArray());
    }

    public Object sleep(long seconds) {
        return build.dsl.call("sleep", "sleep", seconds);
    }

    @Override
    public void println() {
        println("");
    }

    @Override
    public void println(Object value) {
        build.dsl.call("println", "echo", String.valueOf(value));
    }

    @Override
    public void print(Object value) {
        build.dsl.call("print", "echo", String.valueOf(value));
    }
}
