import groovy.transform.Field

@Field int count = 0

int next() {
    count++
    sleep 0
    return count
}
