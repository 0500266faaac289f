ARG A=b=c
FROM x:${A#*=}
