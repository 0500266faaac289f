"""A Jenkins controller's REST API: jobs and their parameters, the queue, builds, logs, the Generic Webhook Trigger."""
