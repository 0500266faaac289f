FROM alpine
RUN cat 3<<EOF
FROM b
EOF
