FROM alpine
FROM b
RUN --mount=from=0,target=/x make
