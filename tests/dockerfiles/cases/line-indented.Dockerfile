  	 FROM alpine
