ARG E= S=1
FROM a:x${S:+a}${E:+b}${S+c}${E+d}${U+e}
