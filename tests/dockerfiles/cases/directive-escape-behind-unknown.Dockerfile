# what=1
# escape=`
FROM alpine
RUN a \
FROM b
