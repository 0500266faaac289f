FROM alpine
ADD --from=b x y
