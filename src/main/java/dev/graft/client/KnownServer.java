package dev.graft.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The server that client commands would ask, looked at without changing anything: a token is not
 * renewed, and nothing is sent twice.
 */
public final class KnownServer {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Bytes of an answer: whoever holds a port may say anything. */
  private static final long LONGEST = 4 << 20;

  private static final String DOCUMENT = "/openapi.yaml";
  private static final String OURS = "/dev/graft/platform" + DOCUMENT;
  private static final Pattern GRAFT =
      Pattern.compile("title: Graft\\R\\s+version: (?<version>\\S{1,40})");

  private final URI address;
  private final @Nullable String key;
  private final @Nullable SSLContext trusted;

  private KnownServer(String server, @Nullable String key, Map<String, String> environment) {
    this.address = URI.create(server.replaceFirst("/+(v1/*)?$", ""));
    this.key = key;
    this.trusted = Connection.trusted(environment);
  }

  /**
   * That of the option, the environment, or the last login, in this order; with its key, if one is
   * known.
   *
   * @throws IllegalArgumentException if its address is none
   * @throws dev.graft.platform.MachineLacks if the file of trusted authorities is none
   */
  public static Optional<KnownServer> find(@Nullable String option, Map<String, String> environment)
      throws IOException {
    Path file = Connection.file(environment);
    Optional<Login> kept = Login.kept(file);
    try {
      Login login = Connection.resolve(option, environment, kept);
      return Optional.of(new KnownServer(login.server(), login.key(), environment));
    } catch (Connection.NoKey noKey) {
      return Optional.of(new KnownServer(noKey.server(), null, environment));
    } catch (Connection.NoServer none) {
      return Optional.empty();
    }
  }

  /** The server at an address, without a key. */
  public static KnownServer at(URI address, Map<String, String> environment) {
    return new KnownServer(address.toString(), null, environment);
  }

  /** What answers at an address. */
  public sealed interface Answer {
    /**
     * @param version of its API
     * @param same whether its API is, word for word, the one of this program
     */
    record Graft(String version, boolean same) implements Answer {}

    /** Another program, or a proxy without a Graft behind it. */
    record Other(int status) implements Answer {}

    /** No authority that is trusted vouches for it, or it does not speak TLS. */
    record Untrusted(String why) implements Answer {}

    /** Nothing. */
    record Silent(String why) implements Answer {}
  }

  /** Without a path, and without a password that somebody may have written into it. */
  public String address() {
    String userInfo = address.getRawUserInfo();
    return userInfo == null ? address.toString() : address.toString().replace(userInfo + "@", "");
  }

  public boolean hasKey() {
    return key != null;
  }

  /** Asks for the document of its API, which needs no key; none is sent. */
  public Answer ask() {
    try {
      HttpResponse<String> answer = get(DOCUMENT, null);
      Matcher graft = GRAFT.matcher(answer.body());
      return answer.statusCode() == 200 && graft.find()
          ? new Answer.Graft(graft.group("version"), answer.body().equals(ours()))
          : new Answer.Other(answer.statusCode());
    } catch (SSLException e) {
      return new Answer.Untrusted(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      String why = e.getMessage();
      return new Answer.Silent(why == null ? "no connection" : why);
    }
  }

  /**
   * The HTTP status of a request with the key: 401 if it is not taken.
   *
   * @throws IllegalStateException without a key
   */
  public int statusWithKey() throws IOException {
    if (key == null) throw new IllegalStateException("there is no key");
    return get("/v1/models", key).statusCode();
  }

  private HttpResponse<String> get(String path, @Nullable String bearer) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path)).GET();
    if (bearer != null) request.header("authorization", "Bearer " + bearer);
    HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(PATIENCE);
    if (trusted != null) client.sslContext(trusted);
    HttpClient http = client.build();
    try {
      return http.sendAsync(
              request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), LONGEST))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + PATIENCE.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      http.shutdownNow();
    }
  }

  private static String ours() {
    try (InputStream in = KnownServer.class.getResourceAsStream(OURS)) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
