ARG V=abc
FROM x:1${V///-}1
