FROM a AS a
COPY --from=b x y
FROM b AS b
COPY --from=a x y
