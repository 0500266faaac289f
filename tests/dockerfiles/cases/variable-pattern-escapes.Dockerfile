ARG V='ab?c'
FROM x:${V%\?*}_1
