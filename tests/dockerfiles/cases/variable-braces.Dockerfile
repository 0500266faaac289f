ARG TAG=1.2
FROM registry.example.com/team/app:${TAG}-x
