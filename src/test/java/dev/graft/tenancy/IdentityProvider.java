package dev.graft.tenancy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Date;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An OpenID Connect provider with one key: its discovery document, its keys, and, for sign-ins, the
 * device grant with answers of its token endpoint that are laid out before.
 */
public final class IdentityProvider implements AutoCloseable {
  public final RSAKey key = key("one");

  /** Forms that the token endpoint got. */
  public final List<String> asked = new CopyOnWriteArrayList<>();

  /** How often its keys were asked for. */
  public final AtomicInteger keysAsked = new AtomicInteger();

  private final HttpServer server;
  private final Deque<Answer> answers = new ArrayDeque<>();

  private record Answer(int status, String body) {}

  public IdentityProvider() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    says(
        "/.well-known/openid-configuration",
        """
        {"issuer": "%1$s", "jwks_uri": "%1$s/keys", "subject_types_supported": ["public"],
         "token_endpoint": "%1$s/token", "device_authorization_endpoint": "%1$s/device"}
        """
            .formatted(issuer()));
    String keys = new JWKSet(key.toPublicJWK()).toString();
    server.createContext(
        "/keys",
        exchange -> {
          keysAsked.incrementAndGet();
          answer(exchange, 200, keys);
        });
    says(
        "/device",
        """
        {"device_code": "dc", "user_code": "WDJB-MJHT", "verification_uri": "%s/confirm",
         "expires_in": 600, "interval": 5}
        """
            .formatted(issuer()));
    server.createContext("/token", this::token);
    server.start();
  }

  public static RSAKey key(String id) {
    try {
      return new RSAKeyGenerator(2048).keyID(id).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  public String issuer() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Of a person with groups, for {@code graft}. */
  public JWTClaimsSet.Builder claims(Instant until, String... groups) {
    return new JWTClaimsSet.Builder()
        .issuer(issuer())
        .audience("graft")
        .subject("1")
        .expirationTime(Date.from(until))
        .claim("email", "Ada@example.org")
        .claim("groups", List.of(groups));
  }

  public String signed(JWTClaimsSet claims) {
    return signed(claims, key);
  }

  public static String signed(JWTClaimsSet claims, RSAKey key) {
    try {
      SignedJWT token =
          new SignedJWT(
              new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(), claims);
      token.sign(new RSASSASigner(key));
      return token.serialize();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  /** The next answer of the token endpoint. */
  public void willAnswer(int status, String body) {
    answers.add(new Answer(status, body));
  }

  private void token(HttpExchange exchange) throws IOException {
    asked.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    Answer answer = answers.remove();
    answer(exchange, answer.status(), answer.body());
  }

  private void says(String path, String body) {
    server.createContext(path, exchange -> answer(exchange, 200, body));
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("content-type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
