ARG V=a.b.c
FROM x:${V#*.}-${V##*.}-${V#b}-${V#??}
