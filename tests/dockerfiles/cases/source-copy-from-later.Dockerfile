FROM alpine
COPY --from=b x y
FROM c AS b
FROM d
COPY --from=0 x y
