FROM alpine
RUN echo "<<EOF"
FROM b
