# escape=`
FROM alpine `
AS a
