ARG A=a
FROM alpine AS a
FROM b
COPY --from=$A x y
