ARG E=
FROM ${U:-a}:${E:-1}${U-2}${E-3}
