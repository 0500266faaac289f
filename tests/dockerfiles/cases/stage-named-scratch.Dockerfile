FROM alpine AS scratch
FROM scratch
