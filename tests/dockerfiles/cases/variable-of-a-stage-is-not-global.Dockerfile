FROM alpine
ARG A=1
FROM b:${A:-2}
