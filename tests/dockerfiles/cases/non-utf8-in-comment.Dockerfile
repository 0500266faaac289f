# ÿ
FROM a
RUN þ
