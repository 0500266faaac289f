package org.demo

/** Counts in an object, which a restart of the controller does not take, and in its class, which one does. */
class Tally {
    static int ofTheClass = 0
    int own = 0

    void add() {
        ofTheClass++
        own++
    }

    String says() {
        "own ${own}, of the class ${ofTheClass}"
    }
}
