FROM b
FROM alpine AS b
