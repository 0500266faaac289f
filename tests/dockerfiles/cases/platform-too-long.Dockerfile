FROM --platform=a/b/c/d alpine
