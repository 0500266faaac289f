package rig;

import hudson.AbortException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;

/**
 * Compiles for builds in other processes, which connect to its socket; ends with its standard input. A compiler that
 * has been at work for a while takes a fraction of what each build's own would, which has to get warm first.
 */
public final class CompilerService {
    private final Map<Source, Compiled> known = new HashMap<>();

    private CompilerService() {
    }

    /** Makes the socket at the path that is the one argument, says that it is there, and serves. */
    public static void main(String[] arguments) throws IOException {
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        socket.bind(UnixDomainSocketAddress.of(arguments[0]));
        Thread lifeline = new Thread(CompilerService::endWithInput);
        lifeline.setDaemon(true);
        lifeline.start();
        System.out.println("ready");
        CompilerService service = new CompilerService();
        while (true) {
            service.serve(socket.accept());
        }
    }

    private static void endWithInput() {
        try {
            System.in.readAllBytes();
        } catch (IOException gone) {
            System.err.println("The caller is gone: " + gone);
        }
        System.exit(0);
    }

    private void serve(SocketChannel build) {
        try (build;
            ObjectInputStream in = new ObjectInputStream(Channels.newInputStream(build));
            ObjectOutputStream out = new ObjectOutputStream(Channels.newOutputStream(build))) {
            out.writeObject(compiled((Source) in.readObject()));
        } catch (IOException | ClassNotFoundException failure) {
            System.err.println("A build could not be served: " + failure);
        }
    }

    /** Returns null of what cannot be compiled: the build says itself what is wrong with it. */
    private Compiled compiled(Source source) {
        if (!source.isAlone()) {
            return compile(source);
        }
        return known.computeIfAbsent(source, CompilerService::compile);
    }

    private static Compiled compile(Source source) {
        try {
            return Compiler.compile(source, library -> requireKnown(library, source));
        } catch (RuntimeException | Error refused) {
            return null;
        }
    }

    private static void requireKnown(String library, Source source) throws AbortException {
        if (!source.libraries().containsKey(Libraries.name(library))) {
            throw new AbortException("no library " + library);
        }
    }

    /** Returns what the service at the socket makes of the source, or null. */
    static Compiled ask(String socket, Source source) throws IOException {
        try (SocketChannel service = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            ObjectOutputStream out = new ObjectOutputStream(Channels.newOutputStream(service))) {
            out.writeObject(source);
            out.flush();
            try (ObjectInputStream in = new ObjectInputStream(Channels.newInputStream(service))) {
                return (Compiled) in.readObject();
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
