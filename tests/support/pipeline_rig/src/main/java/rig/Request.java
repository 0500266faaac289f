package rig;

import groovy.json.JsonSlurperClassic;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a caller asks of one run; tests/support/pipeline.py writes it. */
final class Request {
    final String jenkinsfile;
    final Map<String, Path> libraries = new LinkedHashMap<>();
    final List<String> implicit;
    final Map<String, String> parameters;
    final List<String> jobParameters;
    final Map<String, Map<String, String>> credentials;
    final Map<String, Object> inputs;
    final Map<String, String> environment;
    final List<String> plugins;
    final Path directory;
    final Path shared;
    final Path checkout;
    final String job;
    final int number;
    final String user;
    final String upstreamUser;
    final String branch;
    final String previousResult;
    final String fromStage;

    @SuppressWarnings("unchecked")
    Request(String json) {
        Map<String, Object> values = (Map<String, Object>) new JsonSlurperClassic().parseText(json);
        jenkinsfile = (String) values.get("jenkinsfile");
        ((Map<String, String>) values.get("libraries")).forEach((name, path) -> libraries.put(name, Path.of(path)));
        implicit = (List<String>) values.get("implicit");
        parameters = (Map<String, String>) values.get("parameters");
        jobParameters = (List<String>) values.get("job_parameters");
        credentials = (Map<String, Map<String, String>>) values.get("credentials");
        inputs = (Map<String, Object>) values.get("inputs");
        environment = (Map<String, String>) values.get("environment");
        plugins = (List<String>) values.get("plugins");
        directory = Path.of((String) values.get("directory"));
        shared = Path.of((String) values.get("shared"));
        checkout = values.get("checkout") instanceof String path ? Path.of(path) : null;
        job = (String) values.get("job");
        number = (Integer) values.get("number");
        user = (String) values.get("user");
        upstreamUser = (String) values.get("upstream_user");
        branch = (String) values.get("branch");
        previousResult = (String) values.get("previous_result");
        fromStage = (String) values.get("from_stage");
    }

    /** Returns the directories of the libraries' classes by the libraries' names. */
    Map<String, String> sources() {
        Map<String, String> sources = new LinkedHashMap<>();
        libraries.forEach((name, directory) -> sources.put(name, Libraries.sources(directory)));
        return sources;
    }

    Path description() {
        return directory.resolve("description.txt");
    }

    Path artifacts() {
        return directory.resolve("artifacts");
    }
}
