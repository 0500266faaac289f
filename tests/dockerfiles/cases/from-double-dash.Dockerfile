FROM -- alpine
