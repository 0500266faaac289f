ARG A="b
FROM alpine
