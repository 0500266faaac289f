ARG A=1
FROM a:${A:?no}${A?no}
