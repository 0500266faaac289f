FROM alpine
COPY <<A <<B /c/
FROM a
A
FROM b
B
FROM c
