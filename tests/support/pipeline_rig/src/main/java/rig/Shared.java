package rig;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * What all builds of one rig know of each other: entries in a file, each of a build that runs. An entry is a few texts,
 * of which this class adds two in front: a key, and the process of the build. Lives on the build's thread alone.
 */
final class Shared {
    private static final String SEPARATOR = "\t";

    private final Path file;

    /** One entry; texts that are set later begin empty. */
    record Entry(String key, long process, List<String> texts) {
        static Entry of(String... texts) {
            return new Entry(UUID.randomUUID().toString(), ProcessHandle.current().pid(), Arrays.asList(texts));
        }

        private static Entry read(String line) {
            List<String> fields = List.of(line.split(SEPARATOR, -1));
            List<String> texts = new ArrayList<>(fields.subList(2, fields.size()));
            return new Entry(fields.get(0), Long.parseLong(fields.get(1)), texts);
        }

        private String line() {
            return key + SEPARATOR + process + SEPARATOR + String.join(SEPARATOR, texts) + "\n";
        }

        private boolean isOfNobody() {
            return ProcessHandle.of(process).isEmpty();
        }

        boolean is(Entry other) {
            return key.equals(other.key);
        }
    }

    Shared(Build build, String kind, String name) {
        file = build.request.shared.resolve(kind).resolve(name.replace('/', '_'));
    }

    /** Changes the entries while no other build can, and returns what they have become. */
    List<Entry> change(Consumer<List<Entry>> change) {
        try {
            Files.createDirectories(file.getParent());
            try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                channel.lock();
                List<Entry> entries = read(channel);
                entries.removeIf(Entry::isOfNobody);
                change.accept(entries);
                write(entries, channel);
                return entries;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Entry> entries() {
        return change(unchanged -> { });
    }

    private static List<Entry> read(FileChannel channel) throws IOException {
        String text = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        List<Entry> entries = new ArrayList<>();
        text.lines().map(Entry::read).forEach(entries::add);
        return entries;
    }

    private static void write(List<Entry> entries, FileChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        entries.forEach(entry -> text.append(entry.line()));
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)), 0);
    }
}
