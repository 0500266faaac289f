FROM alpine AS a
FROM b
RUN --mount=From=A,target=/x make
