FROM alpine
RUN <<EOF
a \
EOF
FROM c
