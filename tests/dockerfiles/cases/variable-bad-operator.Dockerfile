FROM x:${V=a}
