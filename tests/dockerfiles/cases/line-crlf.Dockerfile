ARG V=1
FROM alpine:$V AS build

FROM build
COPY --from=build a \
 b
