FROM alpine
COPY --from=registry.example.com/team/app:1 x y
