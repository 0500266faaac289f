FROM "alpine
