ARG =a
FROM x
