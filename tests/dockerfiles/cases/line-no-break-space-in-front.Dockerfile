 FROM alpine
