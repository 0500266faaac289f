FROM alpine AS a.b_c-1
FROM a.b_c-1
