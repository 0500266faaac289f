ARG A=alpine B=3 C
FROM $A:$B$C
