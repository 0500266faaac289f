package rig;

import java.util.Map;
import java.util.TreeMap;

/** The build's environment variables, the ones of its surroundings applied last. */
final class Environment {
    private final Request request;
    private final Parameters parameters;
    private final Map<String, String> ofBuild = new TreeMap<>();
    private final Map<String, String> assigned = new TreeMap<>();

    Environment(Request request, Parameters parameters) {
        this.request = request;
        this.parameters = parameters;
        String jenkins = "http://127.0.0.1:8080/jenkins/";
        String job = jenkins + "job/" + request.job.replace(" ", "%20").replace("/", "/job/") + "/";
        String number = String.valueOf(request.number);
        ofBuild.put("BUILD_DISPLAY_NAME", "#" + number);
        ofBuild.put("BUILD_ID", number);
        ofBuild.put("BUILD_NUMBER", number);
        ofBuild.put("BUILD_TAG", "jenkins-" + request.job.replace("/", "-") + "-" + number);
        ofBuild.put("BUILD_URL", job + number + "/");
        ofBuild.put("CI", "true");
        ofBuild.put("JENKINS_URL", jenkins);
        ofBuild.put("JOB_BASE_NAME", request.job.substring(request.job.lastIndexOf('/') + 1));
        ofBuild.put("JOB_NAME", request.job);
        ofBuild.put("JOB_URL", job);
        if (request.branch != null) {
            ofBuild.put("BRANCH_NAME", request.branch);
        }
    }

    /** Returns all variables there, those of the agent too when it is in a node. */
    Map<String, String> at(Context context) {
        Map<String, String> all = new TreeMap<>();
        if (context.inNode()) {
            all.putAll(request.environment);
        }
        all.putAll(ofBuild);
        all.putAll(parameters.variables());
        all.putAll(assigned);
        context.variables().forEach((name, value) -> {
            if (value == null) {
                all.remove(name);
            } else {
                all.put(name, value);
            }
        });
        return all;
    }

    void assign(String name, String value) {
        assigned.put(name, value);
    }
}
