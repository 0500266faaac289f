package rig;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** All steps that a build knows. */
final class Steps {
    private Steps() {
    }

    static List<Step> available(Collection<String> plugins) {
        List<Step> steps = new ArrayList<>();
        steps.addAll(BasicSteps.all());
        steps.addAll(FlowSteps.all());
        steps.addAll(WorkspaceSteps.all());
        steps.add(ShellStep.step());
        steps.add(Credentials.step());
        steps.add(InputStep.step());
        steps.addAll(OptionalSteps.of(plugins));
        return steps;
    }
}
