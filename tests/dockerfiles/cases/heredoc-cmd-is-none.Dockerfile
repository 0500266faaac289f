FROM alpine
CMD a <<EOF
FROM b
