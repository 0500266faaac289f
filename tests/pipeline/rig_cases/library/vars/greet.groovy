/** Says hello. */
void call(String name) {
    echo "hello ${name}"
}
