FROM alpine AS a
FROM b
COPY --from=a x y
