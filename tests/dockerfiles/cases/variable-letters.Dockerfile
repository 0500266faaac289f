ARG É=1
FROM x:$É
