"""Sign-offs: applications verify or reject an image, and are waited for."""
