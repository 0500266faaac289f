ARG A
FROM a:${A?no}
