ARG V=abcabc
FROM x:${V/b*/X}-${V//b?/Y}-${V//*/Z}
