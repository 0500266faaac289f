FROM a
RUN --network=what b
