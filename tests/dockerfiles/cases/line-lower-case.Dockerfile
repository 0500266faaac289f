arg v=1
from alpine:$v as Build
from build
copy --from=BUILD a b
