FROM alpine AS a
FROM b
COPY --from=a --from=a x y
