FROM alpine AS context
FROM context
