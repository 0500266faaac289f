"""What a promotion is about: references, environments and routes, requests and results. No I/O in here."""
