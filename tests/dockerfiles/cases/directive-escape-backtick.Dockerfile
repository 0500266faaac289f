# escape=`
FROM alpine `
 AS build
