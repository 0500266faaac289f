FROM x:1$1$@
