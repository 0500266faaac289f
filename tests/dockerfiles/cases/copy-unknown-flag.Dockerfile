FROM a
COPY --what b c
