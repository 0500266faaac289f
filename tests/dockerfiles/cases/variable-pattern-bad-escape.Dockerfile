ARG V=a
FROM x:${V%\a}
