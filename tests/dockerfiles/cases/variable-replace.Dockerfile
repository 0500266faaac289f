ARG V=a.b.c
FROM x:${V/./-}_${V//./-}_${V//b/}_${V/x/y}
