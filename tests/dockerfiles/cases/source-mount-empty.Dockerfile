FROM alpine
RUN --mount= make
