ARG S=build
FROM alpine AS build
FROM $S
