FROM alpine
COPY --from=Alpine x y
