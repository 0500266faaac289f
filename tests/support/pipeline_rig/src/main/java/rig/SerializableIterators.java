package rig;

import com.cloudbees.groovy.cps.impl.Caller;
import java.io.Serializable;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * A Groovy category that, as in Jenkins, lets a loop over a list, a set or the views of a map outlive a step in its
 * body; a loop over the map itself does not.
 */
final class SerializableIterators {
    private SerializableIterators() {
    }

    public static <E> Iterator<E> iterator(List<E> list) {
        return new ListIterator<>(list);
    }

    public static <E> Iterator<E> iterator(Set<E> set) {
        return new ListIterator<>(new ArrayList<>(set));
    }

    public static <K, V> Set<Map.Entry<K, V>> entrySet(Map<K, V> map) {
        if (plainCaller(map, "entrySet")) {
            return map.entrySet();
        }
        Set<Map.Entry<K, V>> entries = new LinkedHashSet<>();
        map.entrySet().forEach(entry -> entries.add(new AbstractMap.SimpleImmutableEntry<>(entry)));
        return entries;
    }

    public static <K> Set<K> keySet(Map<K, ?> map) {
        return plainCaller(map, "keySet") ? map.keySet() : new LinkedHashSet<>(map.keySet());
    }

    public static <V> Collection<V> values(Map<?, V> map) {
        return plainCaller(map, "values") ? map.values() : new ArrayList<>(map.values());
    }

    private static boolean plainCaller(Map<?, ?> map, String method) {
        return !Caller.isAsynchronous(map, method) && !Caller.isAsynchronous(SerializableIterators.class, method, map);
    }

    private static final class ListIterator<E> implements Iterator<E>, Serializable {
        private final List<E> list;
        private int next;

        ListIterator(List<E> list) {
            this.list = list;
        }

        @Override
        public boolean hasNext() {
            return next < list.size();
        }

        @Override
        public E next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return list.get(next++);
        }

        @Override
        public void remove() {
            list.remove(--next);
        }
    }
}
