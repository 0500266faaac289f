FROM alpine
COPY --from=b x y
FROM c AS b
