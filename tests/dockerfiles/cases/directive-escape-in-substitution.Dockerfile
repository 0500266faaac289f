# escape=`
ARG A=a`b
FROM x:$A`c${A%b}
