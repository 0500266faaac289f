/** Is refused by the compiler service, so that the build compiles it for itself. */
void call() {
    Thread.sleep(1)
}
