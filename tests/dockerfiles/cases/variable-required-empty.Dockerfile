ARG A=
ARG B=1
FROM a:${A:?no}
