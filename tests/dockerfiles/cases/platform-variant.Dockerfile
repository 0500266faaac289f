FROM --platform=linux/arm/v7 alpine
