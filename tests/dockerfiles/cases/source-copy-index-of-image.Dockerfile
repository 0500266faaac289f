FROM alpine
COPY --from=busybox x y
FROM b
COPY --from=2 x y
