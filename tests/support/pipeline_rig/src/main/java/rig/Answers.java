package rig;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The answers to the build's inputs, each under an input's id or its message: one that holds whenever it is asked, or
 * several for one input each. Lives on the build's thread alone.
 */
final class Answers {
    private final Map<String, Answer> standing = new HashMap<>();
    private final Map<String, Deque<Answer>> queued = new HashMap<>();
    private final List<InputStep> waiting = new ArrayList<>();

    Answers(Map<String, Object> prepared) {
        prepared.forEach((name, given) -> {
            if (given instanceof List<?> several) {
                several.forEach(each -> queue(name, Answer.of(each)));
            } else {
                standing.put(name, Answer.of(given));
            }
        });
    }

    private void queue(String name, Answer answer) {
        queued.computeIfAbsent(name, any -> new ArrayDeque<>()).add(answer);
    }

    /** Has the answer taken by the input that waits under the name, by the next one if none does. */
    void give(String name, Answer answer) {
        for (InputStep input : waiting) {
            if (input.names().contains(name)) {
                waiting.remove(input);
                input.take(answer);
                return;
            }
        }
        queue(name, answer);
    }

    /** Returns the answer prepared for the input, null if there is none. */
    Answer next(InputStep input) {
        for (String name : input.names()) {
            if (queued.containsKey(name) && !queued.get(name).isEmpty()) {
                return queued.get(name).remove();
            }
        }
        return input.names().stream().filter(standing::containsKey).map(standing::get).findFirst().orElse(null);
    }

    void await(InputStep input) {
        waiting.add(input);
    }

    void forget(InputStep input) {
        waiting.remove(input);
    }
}
