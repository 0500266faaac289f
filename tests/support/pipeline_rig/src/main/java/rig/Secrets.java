package rig;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The secret values bound at a place of the script, by the variable that holds each; and how to hide them. */
final class Secrets {
    static final Secrets NONE = new Secrets(Map.of());

    private final Map<String, String> values;
    private final Pattern pattern;

    private Secrets(Map<String, String> values) {
        this.values = values;
        List<String> forms = values.values().stream()
            .filter(value -> !value.isEmpty())
            .flatMap(value -> forms(value).stream())
            .distinct()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
        pattern = forms.isEmpty()
            ? null
            : Pattern.compile(forms.stream().map(Pattern::quote).collect(Collectors.joining("|")));
    }

    Secrets and(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(values);
        all.putAll(more);
        return new Secrets(all);
    }

    String hide(String text) {
        return pattern == null || text == null ? text : pattern.matcher(text).replaceAll("****");
    }

    /** Returns the variables whose value stands in the text as it is. */
    List<String> variablesIn(String text) {
        return values.entrySet().stream()
            .filter(secret -> !secret.getValue().isEmpty() && text.contains(secret.getValue()))
            .map(Map.Entry::getKey)
            .toList();
    }

    private static Collection<String> forms(String value) {
        List<String> forms = new ArrayList<>();
        for (String quote : List.of("'", "'\\''", "'\"'\"'")) {
            String inside = value.replace("'", quote);
            forms.add(inside);
            forms.add("'" + inside + "'");
        }
        for (int offset = 0; offset < 3; offset++) {
            forms.addAll(base64(value, offset));
        }
        return forms;
    }

    /** Returns the characters that the value alone decides when it stands {@code offset} bytes into a base64 text. */
    private static List<String> base64(String value, int offset) {
        byte[] secret = value.getBytes(StandardCharsets.UTF_8);
        byte[] shifted = new byte[offset + secret.length];
        System.arraycopy(secret, 0, shifted, offset, secret.length);
        int first = (offset * 8 + 5) / 6;
        int end = shifted.length * 8 / 6;
        List<String> forms = new ArrayList<>();
        for (Base64.Encoder encoder : List.of(Base64.getEncoder(), Base64.getUrlEncoder())) {
            String encoded = encoder.encodeToString(shifted);
            forms.add(encoded.substring(first));
            if (end - first >= 4) {
                forms.add(encoded.substring(first, end));
            }
        }
        return forms;
    }
}
