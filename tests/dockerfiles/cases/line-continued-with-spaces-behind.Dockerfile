FROM alpine \  	
AS build
