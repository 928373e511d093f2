package dev.graft.webhooks;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Signs a message and brings it to a URL, once. */
@Component
@Profile("server")
class Courier {
  private static final String LATE = "There was no answer in time.";

  private final SealedSecrets secrets;
  private final Post post;
  private final WebhookProperties settings;

  Courier(SealedSecrets secrets, Post post, WebhookProperties settings) {
    this.secrets = secrets;
    this.post = post;
    this.settings = settings;
  }

  /**
   * Where to, and with which secrets.
   *
   * @param secrets sealed; the newest first
   */
  record Address(String endpointId, String url, List<byte[]> secrets) {}

  /**
   * What came of it.
   *
   * @param status of the answer; null = there was none
   * @param error a sentence; null = it was taken
   */
  record Outcome(@Nullable Integer status, @Nullable String error, int millis) {}

  /**
   * @param now what the receiver compares with its clock
   * @throws SealedSecrets.Unreadable before anything is sent
   */
  Outcome bring(Message message, Address address, Instant now) throws SealedSecrets.Unreadable {
    List<byte[]> keys = new ArrayList<>();
    for (byte[] sealed : address.secrets()) keys.add(secrets.open(sealed, address.endpointId()));
    String body = message.body();
    long timestamp = now.getEpochSecond();
    Map<String, String> headers =
        Map.of(
            "webhook-id", message.id(),
            "webhook-timestamp", Long.toString(timestamp),
            "webhook-signature", Signature.of(keys, message.id(), timestamp, body));
    long begun = System.nanoTime();
    try {
      int status = post.send(URI.create(address.url()), headers, body);
      String error = status / 100 == 2 ? null : "The answer was " + status + ".";
      return new Outcome(status, error, millisSince(begun));
    } catch (IOException e) {
      int millis = millisSince(begun);
      boolean late = millis >= settings.timeout().toMillis();
      return new Outcome(null, late ? LATE : sentence(e), millis);
    }
  }

  private static int millisSince(long begun) {
    return (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
  }

  /** No more than the owner of the URL may know: nothing of what answered instead. */
  private static String sentence(IOException e) {
    return switch (e) {
      case OutboundGuard.Forbidden forbidden -> "The URL leads to an address that is not public.";
      case UnknownHostException unknown -> "The host's address is not known.";
      case SSLException tls -> "The connection is not secure: no valid certificate.";
      case ConnectException refused -> "The connection was refused.";
      case SocketTimeoutException late -> LATE;
      default -> "There was no answer.";
    };
  }
}
