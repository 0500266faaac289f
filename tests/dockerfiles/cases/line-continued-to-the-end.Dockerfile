FROM alpine \
