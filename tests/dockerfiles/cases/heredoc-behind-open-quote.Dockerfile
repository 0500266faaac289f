FROM alpine
RUN echo don't <<EOF
FROM b
