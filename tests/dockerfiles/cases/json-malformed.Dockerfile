FROM a
RUN ["b"
