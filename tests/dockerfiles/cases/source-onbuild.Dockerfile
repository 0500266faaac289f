FROM alpine AS a
ONBUILD COPY --from=busybox x y
FROM a
