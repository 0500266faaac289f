FROM alpine AS a
FROM b
RUN --mount=type=bind,from=a,target=/x --mount=from=busybox,target=/y make
