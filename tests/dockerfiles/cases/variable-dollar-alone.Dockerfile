FROM x:1$
