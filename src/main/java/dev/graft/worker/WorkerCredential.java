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
 * Obtains the credential of this worker: it joins once with a single-use token, and keeps the
 * credential in a {@link CredentialFile}.
 */
final class WorkerCredential {
  private static final Logger log = LoggerFactory.getLogger(WorkerCredential.class);

  private WorkerCredential() {}

  /**
   * @throws MachineLacks without a credential or a token that the server accepts
   */
  static String obtain(WorkerProperties settings, URI server) throws IOException {
    Optional<String> kept = kept(settings);
    if (kept.isPresent() && !joinsAgain(settings, server, kept.get())) return kept.get();
    List<String> tokens = OfferedTokens.of(settings);
    if (tokens.isEmpty()) {
      throw new MachineLacks(
          "this worker has not joined yet: create a token on the server with `graft worker-token"
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

  /** Returns whether to join again: there is a token, and the kept credential has expired. */
  private static boolean joinsAgain(WorkerProperties settings, URI server, String credential) {
    if (settings.joinToken() == null && settings.joinTokenFile() == null) return false;
    try {
      WorkerHttp http = new WorkerHttp(server, credential, settings);
      HttpResponse<byte[]> answer =
          http.send(http.request("/leases", settings.callTimeout()).GET().build());
      return WorkerHttp.refusal(answer.body()).code().equals(LeaseWire.CREDENTIAL_EXPIRED);
    } catch (UncheckedIOException unanswered) {
      return false; // the server may accept it later
    }
  }

  /** Returns the credential of an earlier start; empty = there is none. */
  static Optional<String> kept(WorkerProperties settings) throws IOException {
    Path file = CredentialFile.of(settings);
    if (!Files.exists(file)) return Optional.empty();
    return Optional.of(CredentialFile.read(file).credential());
  }

  /** Joins with the first token that the server accepts: other workers may have used some. */
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
   * {@code credential.json}, readable only by the owner. Earlier releases can read it too.
   *
   * @param next credential that was proposed to the server, which may not have accepted it yet
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

    /** Replaces the file atomically and syncs it: a lost credential cannot be recovered. */
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
   * The join tokens that a worker may try, from a setting and a file. They are separated by white
   * space, so that a newline from a shell, an editor or a secret does no harm.
   */
  static final class OfferedTokens {
    /** Enough for thousands of tokens; a larger file is probably the wrong one. */
    private static final int LARGEST_FILE = 1 << 18;

    private OfferedTokens() {}

    /**
     * Returns the tokens in the order in which they are tried.
     *
     * @throws MachineLacks if the configured file cannot be read
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
          "graft.worker.join-token-file %s is too large to be a file of join tokens"
              .formatted(file));
    }
  }

  /**
   * The credential in the worker's directory, renewed when the server asks for it. A proposed
   * credential is written to disk before it is sent, so that this or the next process proposes the
   * same one again. Processes that share the directory renew in turns, and use a credential that
   * another process has renewed.
   */
  static final class RenewedCredential implements ShownCredential {
    private static final Logger log = LoggerFactory.getLogger(RenewedCredential.class);

    private final WorkerProperties settings;
    private final Path file;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private volatile String shown;

    /**
     * @param shown the credential that was obtained at the start
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

    /** Renews on another thread, so that the current call, maybe a heartbeat, does not wait. */
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

  /** The credential that a worker sends. */
  @FunctionalInterface
  interface ShownCredential {
    /** Returns the bearer token of the next call; empty before joining. */
    String shown();

    /** Returns whether there is another credential than this one, which the server refused. */
    default boolean replaced(String refused) {
      return false;
    }

    /** The server asks for a renewal. */
    default void renew(String due, WorkerHttp http) {}
  }
}
