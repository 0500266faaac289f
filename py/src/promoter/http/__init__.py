"""HTTP as the promoter needs it: kept connections, TLS by a named CA, proxies, retries by class of error.

It stands on sockets: a promotion that finds nothing to do is over in a few dozen milliseconds, of which importing
`requests` alone would be more than all the rest, and `http.client` a fifth (docs/benchmarks.md has the figures).
"""
