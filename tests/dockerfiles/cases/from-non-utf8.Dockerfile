FROM aÿ
