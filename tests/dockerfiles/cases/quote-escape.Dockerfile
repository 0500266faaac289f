FROM alp\ine
