package rig;

import java.util.Map;

/**
 * What somebody does about an input step.
 *
 * @param kind       approve, reject, or wait for doing nothing
 * @param by         who it is, null for nobody
 * @param parameters the texts given for the input's parameters
 */
record Answer(Kind kind, String by, Map<String, String> parameters) {
    enum Kind { APPROVE, REJECT, WAIT }

    @SuppressWarnings("unchecked")
    static Answer of(Object json) {
        Map<String, Object> values = (Map<String, Object>) json;
        return new Answer(
            Kind.valueOf(values.get("kind").toString()),
            (String) values.get("by"),
            (Map<String, String>) values.getOrDefault("parameters", Map.of()));
    }
}
