ARG V=a/b/c
FROM x:${V//\//-}
