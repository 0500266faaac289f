FROM alpine
RUN --mount=from=$A,target=/x make
