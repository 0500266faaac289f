ARG A=b
FROM ${A:-ÿ}
