FROM alpine
RUN a \
 <<EOF \
 b
FROM b
EOF
FROM c
