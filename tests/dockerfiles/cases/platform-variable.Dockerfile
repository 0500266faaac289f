FROM --platform=$BUILDPLATFORM alpine AS build
FROM --platform=${TARGETPLATFORM} alpine
