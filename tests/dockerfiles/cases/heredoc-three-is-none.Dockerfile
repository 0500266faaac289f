FROM alpine
RUN a <<<EOF
FROM b
