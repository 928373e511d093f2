package dev.graft.worker;

import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.Secrets;
import dev.graft.worker.WorkerCredential.CredentialFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import tools.jackson.core.JacksonException;

/**
 * How this worker is known to its server: joined once with a single-use token, then kept in a
 * {@link CredentialFile}.
 */
final class WorkerCredential {
  private static final Logger log = LoggerFactory.getLogger(WorkerCredential.class);

  private WorkerCredential() {}

  /**
   * @throws MachineLacks without a credential or a token that the server takes
   */
  static String obtain(WorkerProperties settings, URI server) throws IOException {
    Optional<String> kept = kept(settings);
    if (kept.isPresent() && !joinsAgain(settings, server, kept.get())) return kept.get();
    List<String> tokens = OfferedTokens.of(settings);
    if (tokens.isEmpty()) {
      throw new MachineLacks(
          "this worker has not joined yet: make a token on the server with `graft worker-token"
              + " create` and start with --join-token or --join-token-file");
    }
    LeaseWire.Joined joined = join(settings, server, tokens);
    new CredentialFile(joined.workerId(), joined.credential(), null)
        .write(CredentialFile.of(settings));
    try (var _ = MDC.putCloseable("worker", joined.workerId())) {
      log.atInfo().log("joined");
    }
    return joined.credential();
  }

  /** With a token, where the server says that what is kept has expired. */
  private static boolean joinsAgain(WorkerProperties settings, URI server, String credential) {
    if (settings.joinToken() == null && settings.joinTokenFile() == null) return false;
    try {
      WorkerHttp http = new WorkerHttp(server, credential, settings);
      HttpResponse<byte[]> answer =
          http.send(http.request("/leases", settings.callTimeout()).GET().build());
      return WorkerHttp.refusal(answer.body()).code().equals(LeaseWire.CREDENTIAL_EXPIRED);
    } catch (UncheckedIOException unanswered) {
      return false; // it may take it later
    }
  }

  /** The credential of an earlier start. */
  static Optional<String> kept(WorkerProperties settings) throws IOException {
    Path file = CredentialFile.of(settings);
    if (!Files.exists(file)) return Optional.empty();
    return Optional.of(CredentialFile.read(file).credential());
  }

  /** Of several tokens others may have used some: it is the first that the server takes. */
  private static LeaseWire.Joined join(WorkerProperties settings, URI server, List<String> tokens) {
    WorkerHttp http = new WorkerHttp(server, "", settings);
    Iterator<String> left = tokens.iterator();
    HttpResponse<byte[]> response = ask(http, settings, left.next());
    while (response.statusCode() == 401 && left.hasNext()) {
      response = ask(http, settings, left.next());
    }
    if (response.statusCode() != 200) {
      throw new MachineLacks(
          "%s did not let this worker join (%d): %s"
              .formatted(
                  server, response.statusCode(), WorkerHttp.refusal(response.body()).message()));
    }
    WorkerHttp.mismatch(response)
        .ifPresent(
            why -> {
              throw new MachineLacks(why);
            });
    return LeaseWire.read(response.body(), LeaseWire.Joined.class);
  }

  private static HttpResponse<byte[]> ask(
      WorkerHttp http, WorkerProperties settings, String token) {
    LeaseWire.JoinRequest request = new LeaseWire.JoinRequest(token, name(settings.name()));
    return http.send(
        http.request("/join", settings.callTimeout())
            .POST(BodyPublishers.ofByteArray(LeaseWire.write(request)))
            .build());
  }

  private static String name(@Nullable String configured) {
    if (configured != null && !configured.isBlank()) return configured;
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "worker";
    }
  }

  /**
   * {@code credential.json}, readable by nobody else, which an earlier release reads as well.
   *
   * @param next proposed to the server, and not known to be taken
   */
  record CredentialFile(String workerId, String credential, @Nullable String next) {
    static Path of(WorkerProperties settings) {
      return settings.directory().resolve("credential.json").toAbsolutePath();
    }

    static CredentialFile read(Path file) throws IOException {
      return LeaseWire.read(Files.readAllBytes(file), CredentialFile.class);
    }

    CredentialFile proposing(String another) {
      return new CredentialFile(workerId, credential, another);
    }

    /** Whole and on the disk, or as it was: a lost credential cannot be had again. */
    void write(Path file) throws IOException {
      Path directory = Files.createDirectories(file.getParent());
      Path temporary =
          Files.createTempFile(
              directory,
              "credential-",
              ".tmp",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          ByteBuffer bytes = ByteBuffer.wrap(LeaseWire.write(this));
          while (bytes.hasRemaining()) out.write(bytes);
          out.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      try (FileChannel entry = FileChannel.open(directory)) {
        entry.force(true);
      }
    }
  }

  /**
   * The join tokens that a worker may try, of a setting and of a file. Between them is white space:
   * the newline that a shell, an editor or a secret adds is no part of one.
   */
  static final class OfferedTokens {
    /** Thousands of tokens; a larger file is another one than was meant. */
    private static final int LARGEST_FILE = 1 << 18;

    private OfferedTokens() {}

    /**
     * In the order in which they are tried.
     *
     * @throws MachineLacks if the file is named and cannot be read
     */
    static List<String> of(WorkerProperties settings) {
      return Stream.concat(split(settings.joinToken()), split(read(settings.joinTokenFile())))
          .distinct()
          .toList();
    }

    private static Stream<String> split(@Nullable String text) {
      return text == null ? Stream.of() : Stream.of(text.split("\\s+")).filter(t -> !t.isEmpty());
    }

    private static @Nullable String read(@Nullable Path file) {
      if (file == null) return null;
      try (InputStream in = Files.newInputStream(file)) {
        byte[] read = in.readNBytes(LARGEST_FILE + 1);
        if (read.length <= LARGEST_FILE) return new String(read, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new MachineLacks(
            "graft.worker.join-token-file %s cannot be read (%s)"
                .formatted(file, e.getClass().getSimpleName()),
            e);
      }
      throw new MachineLacks(
          "graft.worker.join-token-file %s is too large for a file of join tokens".formatted(file));
    }
  }

  /**
   * The credential in the worker's directory, renewed when the server says that it is time. What is
   * proposed is on the disk before the server hears of it, so that this or the next process asks
   * for the same one again. Processes that share the directory renew in turns and take over what
   * another one got.
   */
  static final class RenewedCredential implements ShownCredential {
    private static final Logger log = LoggerFactory.getLogger(RenewedCredential.class);

    private final WorkerProperties settings;
    private final Path file;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private volatile String shown;

    /**
     * @param shown that the worker has joined with
     */
    RenewedCredential(WorkerProperties settings, String shown) {
      this.settings = settings;
      this.file = CredentialFile.of(settings);
      this.shown = shown;
    }

    @Override
    public String shown() {
      return shown;
    }

    @Override
    public boolean replaced(String refused) {
      try {
        if (shown.equals(refused)) shown = CredentialFile.read(file).credential();
      } catch (IOException | JacksonException unreadable) {
        return false;
      }
      return !shown.equals(refused);
    }

    /** Beside the call that brought the news: a heartbeat does not wait for it. */
    @Override
    public void renew(String due, WorkerHttp http) {
      if (!due.equals(shown) || !renewing.compareAndSet(false, true)) return;
      Thread.ofVirtual()
          .name("credential renewal")
          .start(
              () -> {
                try {
                  renew(http);
                } catch (IOException
                    | UncheckedIOException
                    | LeaseRefused
                    | JacksonException
                    | OverlappingFileLockException later) {
                  log.atWarn()
                      .addKeyValue("cause", later.getMessage())
                      .log("credential_not_renewed");
                } finally {
                  renewing.set(false);
                }
              });
    }

    private void renew(WorkerHttp http) throws IOException {
      try (FileChannel turn =
              FileChannel.open(
                  file.resolveSibling("credential.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock _ = turn.lock()) {
        CredentialFile kept = CredentialFile.read(file);
        if (!kept.credential().equals(shown)) {
          shown = kept.credential();
          return;
        }
        String next = kept.next();
        if (next == null) next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
        kept.proposing(next).write(file);
        http.post("/credential", new LeaseWire.RenewRequest(next), settings.callTimeout());
        new CredentialFile(kept.workerId(), next, null).write(file);
        shown = next;
        try (var _ = MDC.putCloseable("worker", kept.workerId())) {
          log.atInfo().log("credential_renewed");
        }
      }
    }
  }

  /** What a worker shows its server. */
  @FunctionalInterface
  interface ShownCredential {
    /** The bearer token of the next call; empty before joining. */
    String shown();

    /** The server did not take it: whether there is another by now. */
    default boolean replaced(String refused) {
      return false;
    }

    /** The server says that another is needed soon. */
    default void renew(String due, WorkerHttp http) {}
  }
}
