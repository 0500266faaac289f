FROM \
  alpine \
  AS build
