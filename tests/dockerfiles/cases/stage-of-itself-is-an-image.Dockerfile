FROM alpine AS a
FROM b AS b
