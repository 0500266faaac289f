FROM --what=1 alpine
