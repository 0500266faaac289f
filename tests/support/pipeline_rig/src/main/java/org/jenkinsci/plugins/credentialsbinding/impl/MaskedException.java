package org.jenkinsci.plugins.credentialsbinding.impl;

/** Stands in for an exception whose message held a secret; the name is Jenkins'. */
public final class MaskedException extends Exception {
    public MaskedException(String message) {
        super(message);
    }
}
