ARG V=aab
FROM x:${V#'a*'}
