void call() {
    Thread.sleep(10)
}
