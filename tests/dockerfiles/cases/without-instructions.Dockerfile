# a

