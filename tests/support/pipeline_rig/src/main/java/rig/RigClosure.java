package rig;

import com.cloudbees.groovy.cps.Block;
import com.cloudbees.groovy.cps.Env;
import com.cloudbees.groovy.cps.impl.CpsClosure;
import java.util.List;
import org.codehaus.groovy.runtime.InvokerHelper;

/** A script's closure, in which sleep and println mean the steps and not Groovy's own methods. */
public final class RigClosure extends CpsClosure {
    public RigClosure(Object owner, Object thisObject, List<String> parameters, Block body, Env capture) {
        super(owner, thisObject, parameters, body, capture);
    }

    public Object sleep(long seconds) {
        return InvokerHelper.invokeMethod(getThisObject(), "sleep", seconds);
    }

    public Object println(Object value) {
        return InvokerHelper.invokeMethod(getThisObject(), "println", value);
    }
}
