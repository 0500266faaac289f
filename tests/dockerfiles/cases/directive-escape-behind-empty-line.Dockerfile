
# escape=`
FROM alpine
RUN a \
FROM b
