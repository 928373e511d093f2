package dev.graft.client;

import dev.graft.platform.TrustedAuthorities;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The server and key that a command uses. A key is never an option, because other users of the
 * machine can read command lines.
 */
public final class Connection {
  @Option(
      names = "--server",
      paramLabel = "URL",
      description =
          "The server's address; overrides $GRAFT_SERVER, $OPENAI_BASE_URL and the stored login.")
  private @Nullable String server;

  @Option(names = "--json", description = "Print the server's answer as JSON, for scripts.")
  private boolean json;

  public boolean json() {
    return json;
  }

  /**
   * @param err where a message is printed if a key was created
   */
  public GraftApi open(PrintWriter err) throws IOException {
    Map<String, String> environment = System.getenv();
    Path file = file(environment);
    return open(known(environment, file, err), file, environment);
  }

  private Login known(Map<String, String> environment, Path file, PrintWriter err)
      throws IOException {
    Optional<Login> kept = Login.kept(file);
    try {
      return resolve(server, environment, kept);
    } catch (NoServer nowhere) {
      if (first(environment, "GRAFT_API_KEY") != null) throw nowhere; // a key without a server
      Login made = LocalLogin.make(environment, file).orElseThrow(() -> nowhere);
      err.println(
          "You had no login: the server at %s has created a key for the department %s. It is stored in %s."
              .formatted(made.server(), LocalLogin.DEPARTMENT, file));
      err.flush();
      return made;
    }
  }

  /**
   * @param file where a renewed token is stored
   */
  static GraftApi open(Login login, Path file, Map<String, String> environment) {
    HttpClient.Builder http = HttpClient.newBuilder();
    SSLContext trusted = trusted(environment);
    if (trusted != null) http.sslContext(trusted);
    TokenEndpoint tokens = providerTokens(environment);
    return new GraftApi(URI.create(login.server()), new KeptKey(login, file, tokens), http.build());
  }

  static TokenEndpoint providerTokens(Map<String, String> environment) {
    SSLContext trusted = trusted(environment);
    return new TokenEndpoint(
        Clock.systemUTC(), trusted == null ? null : trusted.getSocketFactory());
  }

  /**
   * {@code SSL_CERT_FILE} names a PEM file of authorities to trust instead of Java's, as for
   * OpenSSL and OpenAI's Python SDK.
   */
  static @Nullable SSLContext trusted(Map<String, String> environment) {
    String authorities = environment.getOrDefault("SSL_CERT_FILE", "");
    return authorities.isBlank() ? null : TrustedAuthorities.of(Path.of(authorities));
  }

  /**
   * Returns the server of the option, the environment or the stored login, with the key of the
   * environment or the stored login. A stored key is sent only to its own server. {@code
   * OPENAI_API_KEY} may be a key of OpenAI, so it is not sent to a server that only the stored
   * login names.
   *
   * @throws NoServer if no server is known
   * @throws NoKey if no key for the server is known
   */
  static Login resolve(
      @Nullable String option, Map<String, String> environment, Optional<Login> kept) {
    String named = option != null ? option : first(environment, "GRAFT_SERVER", "OPENAI_BASE_URL");
    String server = named != null ? named : kept.map(Login::server).orElseThrow(NoServer::new);
    String key =
        named != null
            ? first(environment, "GRAFT_API_KEY", "OPENAI_API_KEY")
            : first(environment, "GRAFT_API_KEY");
    if (key != null) return Login.withKey(server, key);
    return kept.filter(login -> same(login.server(), server)).orElseThrow(() -> new NoKey(server));
  }

  private static @Nullable String first(Map<String, String> environment, String... names) {
    for (String name : names) {
      String value = environment.get(name);
      if (value != null && !value.isBlank()) return value;
    }
    return null;
  }

  /** No server is known. */
  static final class NoServer extends IllegalArgumentException {
    NoServer() {
      super(
          "no server is configured: run graft login --server URL, or set GRAFT_SERVER and"
              + " GRAFT_API_KEY");
    }
  }

  /** The server is known, but no key for it. */
  static final class NoKey extends IllegalArgumentException {
    private final String server;

    NoKey(String server) {
      super("no key for " + server + ": run graft login --server URL, or set GRAFT_API_KEY");
      this.server = server;
    }

    String server() {
      return server;
    }
  }

  /** Returns the file of {@code graft login}, by the XDG base directory specification. */
  static Path file(Map<String, String> environment) {
    String base = environment.get("XDG_CONFIG_HOME");
    Path directory =
        base != null && !base.isBlank()
            ? Path.of(base)
            : Path.of(System.getProperty("user.home"), ".config");
    return directory.resolve("graft").resolve("login.json");
  }

  private static boolean same(String one, String other) {
    return one.replaceFirst("/+(v1/*)?$", "").equals(other.replaceFirst("/+(v1/*)?$", ""));
  }

  /** Supplies the key of a login. A token is renewed, and stored, shortly before it expires. */
  static final class KeptKey implements Supplier<String> {
    private final TokenEndpoint tokens;
    private final Path file;
    private Login login;

    KeptKey(Login login, Path file, TokenEndpoint tokens) {
      this.login = login;
      this.file = file;
      this.tokens = tokens;
    }

    @Override
    public synchronized String get() {
      try {
        if (tokens.due(login)) {
          // Another command may have renewed it: providers accept a refresh token only once.
          String server = login.server();
          login = Login.kept(file).filter(kept -> kept.server().equals(server)).orElse(login);
        }
        if (tokens.due(login)) {
          login = tokens.renewed(login);
          login.keep(file);
        }
        return login.key();
      } catch (IOException e) {
        throw new UncheckedIOException(
            "the identity provider does not respond: " + e.getMessage(), e);
      }
    }
  }

  /**
   * The user who started the server on this machine needs no key: the server creates one, which is
   * stored as by {@code graft login}.
   */
  public static final class LocalLogin {
    /** The command for the server; it prints two lines, the address and the key. */
    public static final String COMMAND = "local-login";

    static final String DEPARTMENT = "default";

    private LocalLogin() {}

    /**
     * Gets a key from the server on {@code GRAFT_DATA_DIR}, by default {@code ~/.graft}.
     *
     * @param file where the login is stored
     */
    static Optional<Login> make(Map<String, String> environment, Path file) throws IOException {
      String user = System.getProperty("user.name");
      Path socket = AskedCommand.socket(dataDir(environment));
      // A server of another user would receive what this user uploads.
      if (!Files.exists(socket) || !Files.getOwner(socket).getName().equals(user)) {
        return Optional.empty();
      }
      List<String> options = List.of("--department", DEPARTMENT, "--name", user);
      Optional<AskedCommand.Answer> answer = new AskedCommand(COMMAND, options).ask(socket);
      if (answer.isEmpty() || answer.get().status() != 0) return Optional.empty();
      List<String> lines = answer.get().out().lines().toList();
      Login login = Login.withKey(lines.get(0), lines.get(1));
      login.keep(file);
      return Optional.of(login);
    }

    private static Path dataDir(Map<String, String> environment) {
      String set = environment.get("GRAFT_DATA_DIR");
      return set != null ? Path.of(set) : Path.of(System.getProperty("user.home"), ".graft");
    }
  }
}
