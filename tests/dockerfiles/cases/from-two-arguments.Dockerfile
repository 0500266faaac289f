ARG A
FROM alpine build
