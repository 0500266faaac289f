ARG A
﻿FROM alpine
