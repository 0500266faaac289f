"""The command line: flags in, one model built, one use case called, one result out."""
