FROM alpine
RUN a \\
FROM b
