FROM	alpine	AS	build
