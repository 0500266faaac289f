/** Runs the body while no other build promotes this image, where Jenkins can lock; see takingTurns.txt. */
def call(String image, Closure body) {
    boolean isTurn = false
    def result = null
    try {
        lock(resource: "promotion of ${image}") {
            isTurn = true
            result = body()
        }
    } catch (NoSuchMethodError missing) {
        if (isTurn) {
            throw missing
        }
        echo "Promotions of ${image} do not wait for each other: the plugin lockable-resources is not installed."
        result = body()
    }
    return result
}
