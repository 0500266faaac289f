FROM alpine # a
