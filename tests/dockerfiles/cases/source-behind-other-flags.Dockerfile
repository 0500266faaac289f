FROM alpine
COPY --chown="a b" --link --from=busybox x y
