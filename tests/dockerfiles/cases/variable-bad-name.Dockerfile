FROM x:${}
