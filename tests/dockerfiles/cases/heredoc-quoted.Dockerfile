FROM alpine
RUN <<"EOF" cat
FROM b
EOF
FROM c
