# EsCaPe = `
FROM alpine AS `
build
