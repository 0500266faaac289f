# syntax=docker/dockerfile:1
# check=what
FROM alpine
