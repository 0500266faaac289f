FROM alpine
RUN <<-EOF
	FROM b
	EOF
FROM c
