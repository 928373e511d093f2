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
 * Checks the server that client commands would use, without changing anything: tokens are not
 * renewed and requests are not retried.
 */
public final class KnownServer {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** The most bytes to read, because any program may answer on the port. */
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
   * Returns the server of the option, the environment or the last login, in this order, with its
   * key if known.
   *
   * @throws IllegalArgumentException if its address is not valid
   * @throws dev.graft.platform.MachineLacks if the file of trusted authorities is not valid
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

  /** Returns the server at an address, without a key. */
  public static KnownServer at(URI address, Map<String, String> environment) {
    return new KnownServer(address.toString(), null, environment);
  }

  /** What a server at an address answers. */
  public sealed interface Answer {
    /**
     * @param version the API's version
     * @param same whether its API document equals that of this program
     */
    record Graft(String version, boolean same) implements Answer {}

    /** Another program answered, or a proxy without Graft behind it. */
    record Other(int status) implements Answer {}

    /** Its certificate is not trusted, or it does not use TLS. */
    record Untrusted(String why) implements Answer {}

    /** Nothing answered. */
    record Silent(String why) implements Answer {}
  }

  /** Returns the address without path and without user info, which may contain a password. */
  public String address() {
    String userInfo = address.getRawUserInfo();
    return userInfo == null ? address.toString() : address.toString().replace(userInfo + "@", "");
  }

  public boolean hasKey() {
    return key != null;
  }

  /** Requests the API document, without sending a key. */
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
   * Returns the HTTP status of a request with the key; 401 if the server rejects it.
   *
   * @throws IllegalStateException without a key
   */
  public int statusWithKey() throws IOException {
    if (key == null) throw new IllegalStateException("the key is unknown");
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
