FROM alpine
RUN --mount='"from=busybox",target=/y' make
