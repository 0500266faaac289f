FROM --platform=linux --platform=linux alpine
