/** Runs the body while no other build promotes this image, where Jenkins can lock; see takingTurns.txt. */
def call(Object image = null, Closure body = null) {
    if (!(image instanceof CharSequence) || body == null) {
        promoterCommand.refuse("takingTurns takes an image and a block: takingTurns('production/web') { ... }")
    }
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
