FROM alpine #as a
