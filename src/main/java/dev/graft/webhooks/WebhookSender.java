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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Signs a message and brings it to a URL, once. */
@Component
class WebhookSender {
  private static final Logger log = LoggerFactory.getLogger(WebhookSender.class);
  private static final String LATE = "There was no answer in time.";
  private static final String NOTHING = "There was no answer.";

  private final SealedSecrets secrets;
  private final OutboundClient post;
  private final WebhookProperties settings;

  WebhookSender(SealedSecrets secrets, OutboundClient post, WebhookProperties settings) {
    this.secrets = secrets;
    this.post = post;
    this.settings = settings;
  }

  /**
   * Where to, and with which secrets.
   *
   * @param secret sealed
   * @param earlier the one before, sealed, while both are in force
   */
  public record Address(String endpointId, String url, byte[] secret, byte @Nullable [] earlier) {}

  /**
   * What came of it.
   *
   * @param status of the answer; null = there was none
   * @param error a sentence; null = it was taken
   */
  public record AttemptOutcome(@Nullable Integer status, @Nullable String error, int millis) {
    static final AttemptOutcome NONE = new AttemptOutcome(null, NOTHING, 0);
  }

  /**
   * @param now what the receiver compares with its clock
   * @throws SealedSecrets.Unreadable before anything is sent
   */
  public AttemptOutcome bring(WebhookEvent message, Address address, Instant now)
      throws SealedSecrets.Unreadable {
    String body = message.body();
    long timestamp = now.getEpochSecond();
    Map<String, String> headers =
        Map.of(
            "webhook-id", message.id(),
            "webhook-timestamp", Long.toString(timestamp),
            "webhook-signature", Signature.of(keys(address), message.id(), timestamp, body));
    long begun = System.nanoTime();
    try {
      int status = post.send(URI.create(address.url()), headers, body);
      String error = status / 100 == 2 ? null : "The answer was " + status + ".";
      return new AttemptOutcome(status, error, millisSince(begun));
    } catch (IOException e) {
      int millis = millisSince(begun);
      boolean late = millis >= settings.timeout().toMillis();
      return new AttemptOutcome(null, late ? LATE : sentence(e), millis);
    }
  }

  private List<byte[]> keys(Address address) throws SealedSecrets.Unreadable {
    List<byte[]> keys = new ArrayList<>();
    keys.add(secrets.open(address.secret(), address.endpointId()));
    if (address.earlier() != null) {
      try {
        keys.add(secrets.open(address.earlier(), address.endpointId()));
      } catch (SealedSecrets.Unreadable lost) {
        log.atWarn().addKeyValue("endpoint", address.endpointId()).log("earlier_secret_unreadable");
      }
    }
    return keys;
  }

  private static int millisSince(long begun) {
    return (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
  }

  /** Nothing of what answered instead, nor whether a name is known inside. */
  private static String sentence(IOException e) {
    return switch (e) {
      case UnknownHostException nowhere -> "The URL leads to no address that may be reached.";
      case SSLException tls -> "The connection is not secure: no valid certificate.";
      case ConnectException refused -> "The connection was refused.";
      case SocketTimeoutException late -> LATE;
      default -> NOTHING;
    };
  }
}
