FROM alpine \

  
AS build
