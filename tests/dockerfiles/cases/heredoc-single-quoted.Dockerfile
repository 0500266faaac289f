FROM alpine
RUN <<'E F' cat
FROM b
E F
FROM c
