ARG V='$A'
FROM alpine:1$V
