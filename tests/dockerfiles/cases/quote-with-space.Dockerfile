FROM "alpine edge"
