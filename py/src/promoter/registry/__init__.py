"""The OCI distribution API: auth challenges, manifests, blobs, mounts, referrers."""
