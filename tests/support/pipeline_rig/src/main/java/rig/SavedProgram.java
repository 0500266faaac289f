package rig;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;

/**
 * All that the scripts hold, written as Jenkins writes it to survive a restart. What belongs to the controller is left
 * out of it, and put in again when it is read.
 */
final class SavedProgram {
    private final byte[] bytes;

    /** What stands in the bytes for an object of the controller. */
    private enum Part { BUILD, CURRENT_BUILD, STEPS }

    private SavedProgram(byte[] bytes) {
        this.bytes = bytes;
    }

    static SavedProgram of(Object program) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        write(program, bytes);
        return new SavedProgram(bytes.toByteArray());
    }

    /** Throws what Jenkins would throw of a program that cannot be saved. */
    static void check(Object program) throws IOException {
        write(program, OutputStream.nullOutputStream());
    }

    private static void write(Object program, OutputStream bytes) throws IOException {
        try (ObjectOutputStream out = new Writer(bytes)) {
            out.writeObject(program);
        }
    }

    /** Returns a copy of the program, of the classes that the loader has, for the build to go on with. */
    Object read(Build build, ClassLoader loader) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new Reader(new ByteArrayInputStream(bytes), build, loader)) {
            return in.readObject();
        }
    }

    private static final class Writer extends ObjectOutputStream {
        Writer(OutputStream bytes) throws IOException {
            super(bytes);
            enableReplaceObject(true);
        }

        @Override
        protected Object replaceObject(Object object) {
            if (object instanceof Build) {
                return Part.BUILD;
            }
            if (object instanceof CurrentBuild) {
                return Part.CURRENT_BUILD;
            }
            return object instanceof Dsl ? Part.STEPS : object;
        }
    }

    private static final class Reader extends ObjectInputStream {
        private final Build build;
        private final ClassLoader loader;

        Reader(ByteArrayInputStream bytes, Build build, ClassLoader loader) throws IOException {
            super(bytes);
            this.build = build;
            this.loader = loader;
            enableResolveObject(true);
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass type) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(type.getName(), false, loader);
            } catch (ClassNotFoundException primitive) {
                return super.resolveClass(type);
            }
        }

        @Override
        protected Object resolveObject(Object object) {
            return !(object instanceof Part part) ? object : switch (part) {
                case BUILD -> build;
                case CURRENT_BUILD -> build.current;
                case STEPS -> build.dsl;
            };
        }
    }
}
