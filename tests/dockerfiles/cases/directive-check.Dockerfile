# check=skip=all;error=true
FROM alpine
