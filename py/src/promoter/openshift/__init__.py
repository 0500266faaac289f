"""The OpenShift API, as far as a promotion needs it: webhooks, and the builds they start."""
