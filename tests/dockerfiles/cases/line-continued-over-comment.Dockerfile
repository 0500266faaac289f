FROM alpine \
# FROM b
  # c \
AS build
