FROM --platform=linux/s390x scratch
