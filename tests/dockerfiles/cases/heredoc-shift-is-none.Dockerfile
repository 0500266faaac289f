FROM alpine
RUN a=$((1<<2)) && b
FROM c
