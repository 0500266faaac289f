FROM --platform=what alpine
