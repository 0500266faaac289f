ARG C=c
FROM ${A:-${B:-$C}}:1
