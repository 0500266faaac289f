FROM al\
pine:\
1
